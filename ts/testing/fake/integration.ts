/** The integration store in memory. */

import { optionalJson, optionalScopes, optionalText, optionsOf } from '../../input/arguments';
import { fieldsOf } from '../../input/fields';
import { NotConnectedError, TokenkeepError, TokenRevokedError } from '../../errors/errors';
import {
  expiringOf,
  newTokenOf,
  responseOf,
  statusOf,
  wantedOf,
  withScopes,
} from '../../stores/integration-calls';
import type {
  IntegrationStore,
  IntegrationToken,
  RefreshExpiringResult,
} from '../../stores/integration';
import { id, validDate, token } from './arguments';
import { type Grant, type Place, hasLeft, placeWithMark } from './grant';
import type { Refresher } from './refresher';
import type { PublicMembers } from './public-members';

/** Like {@link IntegrationStore}. Knows every provider; `revoke` calls none. */
export class FakeIntegration implements PublicMembers<IntegrationStore> {
  readonly #grants = new Map<string, Grant>();
  /** The order in which refreshes of `refreshExpiring` have failed. */
  readonly #failedAt = new WeakMap<Grant, number>();
  #failures = 0;
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
    const given = newTokenOf(tokens);
    const expiresAt = given['expiresAt'];
    const before = place.read();
    const added = JSON.parse(optionalJson('metadata', given['metadata']) ?? '{}') as object;
    place.write({
      accessToken: token('accessToken', given['accessToken']),
      refreshToken:
        optionalText('refreshToken', given['refreshToken']) ?? before?.refreshToken ?? '',
      expiresAt: expiresAt === null ? Infinity : Number(validDate('expiresAt', expiresAt)),
      scopes: optionalScopes('scopes', given['scopes']) ?? [],
      metadata: { ...before?.metadata, ...added },
      isDead: false,
    });
  };

  /** Reads what RFC 6749 names; without `expires_in`, the token is valid for an hour. */
  storeTokenResponse: IntegrationStore['storeTokenResponse'] = async (
    userId,
    provider,
    response,
    options = {},
  ) => {
    const { scopes, metadata } = optionsOf(options, ['scopes', 'metadata']);
    const body = fieldsOf(JSON.parse(responseOf(response)) as Record<string, unknown>);
    const { access_token, refresh_token, expires_in = HOUR_S, scope } = body;
    await this.storeToken(userId, provider, {
      accessToken: access_token as string,
      refreshToken: refresh_token as string | undefined,
      expiresAt: new Date(Date.now() + Number(expires_in) * 1_000),
      scopes: typeof scope === 'string' ? scope.split(/[ ,]/) : scopes,
      metadata,
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
    optionsOf(options, ['confirm']);
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
    const { expiresWithin, limit } = expiringOf(options);
    const result = { refreshed: 0, failed: 0, revoked: 0 };
    const failures = new Map<string, RefreshExpiringResult['failures'][number]>();
    for (const [name, grant] of this.#due(expiresWithin).slice(0, limit)) {
      const key = JSON.parse(name) as string[];
      try {
        if (await this.#refresher.refreshed(this.place(key), expiresWithin)) result.refreshed++;
      } catch (error) {
        if (error instanceof NotConnectedError) continue;
        this.#failedAt.set(grant, ++this.#failures);
        result[error instanceof TokenRevokedError ? 'revoked' : 'failed']++;
        const [provider, code] = [key[1]!.split('#', 1)[0]!, codeOf(error)];
        const kind = `${provider} ${code}`;
        failures.set(kind, { provider, code, count: (failures.get(kind)?.count ?? 0) + 1 });
      }
    }
    const sorted = [...failures].sort(([a], [b]) => (a < b ? -1 : 1));
    return { ...result, failures: sorted.map(([, counted]) => counted), skipped: [] };
  };

  /** Grants by expiry; those that have failed come last, the earliest failure first. */
  #due(expiresWithin: number): [string, Grant][] {
    const rank = (grant: Grant) => this.#failedAt.get(grant) ?? 0;
    return [...this.#grants]
      .filter(([, grant]) => grant.refreshToken && !grant.isDead && !hasLeft(grant, expiresWithin))
      .sort(([, a], [, b]) => rank(a) - rank(b) || a.expiresAt - b.expiresAt);
  }

  /** The place of a user's grant at a provider. */
  place(key: readonly string[]): Place {
    return placeWithMark('integration', key, this.#grants);
  }

  #named(userId: string, provider: string): Place {
    return this.place([id('userId', userId), id('provider', provider)]);
  }
}

function codeOf(error: unknown): string {
  return error instanceof TokenkeepError ? error.code : new TokenkeepError('').code;
}

/** In seconds. */
const HOUR_S = 3_600;

function tokenOf({
  accessToken,
  refreshToken,
  expiresAt,
  scopes,
  metadata,
}: Grant): IntegrationToken {
  return {
    accessToken,
    refreshToken: refreshToken || null,
    expiresAt: expiresAt === Infinity ? null : new Date(expiresAt),
    scopes: [...scopes],
    metadata: { ...metadata },
  };
}
