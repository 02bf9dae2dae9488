/** The zoho store in memory. */

import { optionalJson, optionalNumber, optionalText, record } from '../../input/arguments';
import type { ZohoStore } from '../../stores/zoho';
import { id, tokenOrEmpty } from './arguments';
import { type Grant, type Place, markingPlace } from './grant';
import type { Refresher } from './refresher';
import type { Surface } from './surface';

/** As {@link ZohoStore}, without `ZOHO_REFRESH_TOKEN`: nothing is read from the environment. */
export class FakeZoho implements Surface<ZohoStore> {
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
      // What is not known to be valid is refreshed.
      expiresAt: accessToken && lifetime ? Date.now() + lifetime * 1_000 : 0,
      scopes: [optionalText('scopes', given['scopes']) ?? ''],
      isDead: false,
    });
  };

  hasToken: ZohoStore['hasToken'] = async (clientId, provider) => {
    this.#open();
    return this.place([id('clientId', clientId), id('provider', provider)]).read() !== undefined;
  };

  /** Where a client's grant is. */
  place(key: readonly string[]): Place {
    return markingPlace('zoho', key, this.#grants);
  }
}
