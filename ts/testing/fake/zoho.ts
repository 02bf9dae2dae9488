/** The zoho store in memory. */

import { optionalJson, optionalNumber, optionalText, record } from '../../input/arguments';
import type { ZohoStore } from '../../stores/zoho';
import { id, tokenOrEmpty } from './arguments';
import { type Grant, type Place, placeWithMark } from './grant';
import type { Refresher } from './refresher';
import type { PublicMembers } from './public-members';

/** Like {@link ZohoStore}, but does not read `ZOHO_REFRESH_TOKEN`. */
export class FakeZoho implements PublicMembers<ZohoStore> {
  readonly #grants = new Map<string, Grant>();
  readonly #open: () => void;
  readonly #refresher: Refresher;

  constructor(open: () => void, refresher: Refresher) {
    this.#open = open;
    this.#refresher = refresher;
  }

  getAccessToken: ZohoStore['getAccessToken'] = async (clientId, provider, credentials) => {
    this.#open();
    const place = this.place([id('clientId', clientId), id('provider', provider)]);
    const check = () => {
      const given = record('credentials', credentials);
      id('credentials.clientId', given['clientId']);
      id('credentials.clientSecret', given['clientSecret']);
    };
    return (await this.#refresher.valid(place, { check })).accessToken;
  };

  storeTokens: ZohoStore['storeTokens'] = async (clientId, provider, tokens) => {
    this.#open();
    const given = record('tokens', tokens);
    optionalJson('metadata', given['metadata']);
    const accessToken = optionalText('accessToken', given['accessToken']) ?? '';
    const lifetime = optionalNumber('expiresIn', given['expiresIn']);
    this.place([id('clientId', clientId), id('provider', provider)]).write({
      accessToken,
      refreshToken: tokenOrEmpty('refreshToken', given['refreshToken']),
      // A token without a known lifetime is refreshed.
      expiresAt: accessToken && lifetime ? Date.now() + lifetime * 1_000 : 0,
      scopes: [optionalText('scopes', given['scopes']) ?? ''],
      isDead: false,
    });
  };

  hasToken: ZohoStore['hasToken'] = async (clientId, provider) => {
    this.#open();
    return this.place([id('clientId', clientId), id('provider', provider)]).read() !== undefined;
  };

  /** The place of a client's grant. */
  place(key: readonly string[]): Place {
    return placeWithMark('zoho', key, this.#grants);
  }
}
