/** The integration store in memory. */

import { optionalText, optionalTexts, record } from '../../arguments';
import { TokenRevokedError } from '../../errors';
import { expiringOf, statusOf, wantedOf, withScopes } from '../../integration-calls';
import type { IntegrationStore, IntegrationToken } from '../../integration-store';
import { id, moment, token } from './arguments';
import { type Grant, type Place, hasLeft, markingPlace } from './grant';
import type { Refresher } from './refresher';
import type { Surface } from './surface';

/** As {@link IntegrationStore}. Every provider is known; revoking tells nobody. */
export class FakeIntegration implements Surface<IntegrationStore> {
  readonly #grants = new Map<string, Grant>();
  readonly #open: () => void;
  readonly #refresher: Refresher;

  constructor(open: () => void, refresher: Refresher) {
    this.#open = open;
    this.#refresher = refresher;
  }

  getToken: IntegrationStore['getToken'] = async (userId, provider) => {
    this.#open();
    const grant = this.#named(userId, provider).read();
    return grant ? tokenOf(grant) : null;
  };

  storeToken: IntegrationStore['storeToken'] = async (userId, provider, tokens) => {
    this.#open();
    const place = this.#named(userId, provider);
    const given = record('token', tokens);
    place.write({
      accessToken: token('accessToken', given['accessToken']),
      refreshToken:
        optionalText('refreshToken', given['refreshToken']) ?? place.read()?.refreshToken ?? '',
      expiresAt: Number(moment('expiresAt', given['expiresAt'])),
      scopes: optionalTexts('scopes', given['scopes']) ?? [],
      isDead: false,
    });
  };

  getValidToken: IntegrationStore['getValidToken'] = async (userId, provider, options = {}) => {
    this.#open();
    const { scopes, minTtlMs, forceRefresh, refreshFn } = wantedOf(options);
    const grant = await this.#refresher.valid(this.#named(userId, provider), {
      freshMs: minTtlMs,
      force: forceRefresh,
      refreshFn,
      atOnce: true,
    });
    return withScopes(tokenOf(grant), scopes);
  };

  revoke: IntegrationStore['revoke'] = async (userId, provider, options = {}) => {
    this.#open();
    record('options', options);
    const place = this.#named(userId, provider);
    const found = place.read() !== undefined;
    place.remove();
    return found;
  };

  connectionStatus: IntegrationStore['connectionStatus'] = async (
    userId,
    provider,
    options = {},
  ) => {
    const { scopes, refreshFn } = wantedOf(options);
    return statusOf(this.getValidToken(userId, provider, { refreshFn }), scopes);
  };

  refreshExpiring: IntegrationStore['refreshExpiring'] = async (options) => {
    this.#open();
    const { within, limit } = expiringOf(options);
    const due = [...this.#grants].filter(
      ([, grant]) => grant.refreshToken && !grant.isDead && !hasLeft(grant, within),
    );
    const result = { refreshed: 0, failed: 0, revoked: 0 };
    for (const [name] of due.slice(0, limit)) {
      const place = this.place(JSON.parse(name) as string[]);
      const before = place.read();
      try {
        const { accessToken } = await this.#refresher.valid(place, { freshMs: within });
        result[accessToken === before?.accessToken ? 'failed' : 'refreshed']++;
      } catch (error) {
        result[error instanceof TokenRevokedError ? 'revoked' : 'failed']++;
      }
    }
    return result;
  };

  /** Where a user's grant at a provider is. */
  place(key: readonly string[]): Place {
    return markingPlace('integration', key, this.#grants);
  }

  #named(userId: string, provider: string): Place {
    return this.place([id('userId', userId), id('provider', provider)]);
  }
}

function tokenOf({ accessToken, refreshToken, expiresAt, scopes }: Grant): IntegrationToken {
  return {
    accessToken,
    refreshToken: refreshToken || null,
    expiresAt: new Date(expiresAt),
    scopes: [...scopes],
  };
}
