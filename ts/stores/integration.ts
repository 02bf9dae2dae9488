/** The integration store's methods, on whichever instance. */

import type { Instance } from '../../index';
import { date, optionalScopes, optionalText, record, text } from '../input/arguments';
import { type RefreshFn, keepRefreshFn, promised } from '../bridge/bridge';
import { listOf, recordReader } from '../bridge/layouts';
import type { TokenkeepError } from '../errors/errors';
import { expiringOf, statusOf, wantedOf, withAge, withScopes } from './integration-calls';
import { native } from '../bridge/native';

/** A user's tokens at one provider. */
export interface IntegrationToken {
  accessToken: string;
  /** `null`: there is none. */
  refreshToken: string | null;
  expiresAt: Date;
  scopes: string[];
}

/** Tokens to be stored. */
export interface NewIntegrationToken {
  /** At most 64 KiB. */
  accessToken: string;
  /** At most 64 KiB; without one the stored refresh token is kept. */
  refreshToken?: string | null | undefined;
  expiresAt: Date;
  /** The granted scopes, each at most 1 KiB; `['']` is none. */
  scopes?: readonly string[] | undefined;
}

/** What a caller asks of a token. */
export interface ValidTokenOptions {
  /** Scopes that it must have, else the promise rejects with {@link ScopesMissingError}. */
  scopes?: readonly string[] | undefined;
  /** How long it must be valid at least, in milliseconds: 300,000. */
  minTtlMs?: number | undefined;
  /** Refresh it whatever is left; a refresh younger than five seconds is shared. */
  forceRefresh?: boolean | undefined;
  /** Refreshes in the place of the provider's token endpoint. */
  refreshFn?: RefreshFn | undefined;
}

/** How a connection is. */
export type ConnectionStatus =
  | {
      active: true;
      accessToken: string;
      expiresAt: Date;
      scopes: string[];
      /** Of the scopes that were asked for those that were not granted. */
      missingScopes: string[];
    }
  | {
      active: false;
      /**
       * The first two need the user. `refused`: the provider refuses this connection for a reason that
       * does not pass by itself, such as an application that the user's administrator has removed; read
       * `error`. `provider_unavailable` passes. `needs_attention`: either of these for over a day, each
       * time with the same error; somebody should look at it, or the user connect again.
       */
      reason:
        | 'not_connected'
        | 'needs_reauthorization'
        | 'refused'
        | 'provider_unavailable'
        | 'needs_attention';
      /** Since when each refresh has failed in this way, where that is known. */
      failingSince?: Date;
      /** What stood in the way. */
      error: TokenkeepError;
    };

/** What {@link IntegrationStore.refreshExpiring} is told. */
export interface RefreshExpiringOptions {
  /** Tokens with no more than this left, in milliseconds. */
  expiresWithin: number;
  /** How many refreshes are under way at once: 8. */
  concurrency?: number | undefined;
  /** How many rows are tried at most: all. */
  limit?: number | undefined;
  /** How many requests each provider is sent in a second at most: any number. */
  maxPerSecond?: number | undefined;
}

/** What a run came to. Each row that it has tried is counted once. */
export interface RefreshExpiringResult {
  /**
   * New tokens are stored, by this worker or by one that it waited for. What another had refreshed
   * before this one came to it is not counted.
   */
  refreshed: number;
  /** For another reason than a dead grant: a later run tries again. */
  failed: number;
  /** Grants that are dead: the users must connect again. */
  revoked: number;
  /** The failed and the revoked, by provider and error code, in the order of both. */
  failures: { provider: string; code: string; count: number }[];
  /**
   * Rows that are due and were not tried, by provider: it is not described, has refused the client, or
   * has refused these rows before, and their time has not come.
   * Among the first 100,000 such rows.
   */
  skipped: { provider: string; count: number }[];
}

const readToken = recordReader<IntegrationToken>(
  'IntegrationToken',
  ({ accessToken, refreshToken, expiresAt, scopes }, size) =>
    (fields, at) => {
      const first = at + size;
      return {
        accessToken: fields[at + accessToken] as string,
        refreshToken: fields[at + refreshToken] as string | null,
        expiresAt: new Date(fields[at + expiresAt] as number),
        scopes: fields.slice(first, first + (fields[at + scopes] as number)) as string[],
      };
    },
);

const get = promised<IntegrationToken | null, Instance, [string, string]>(
  native.getIntegrationToken,
  readToken,
);
const store = promised<
  void,
  Instance,
  [string, string, string, string | undefined, number, string[]]
>(native.storeIntegrationToken);
const valid = promised<
  IntegrationToken,
  Instance,
  [string, string, number | undefined, boolean, number | undefined]
>(native.getValidIntegrationToken, readToken);
const revoke = promised<boolean, Instance, [string, string, boolean]>(native.revokeIntegration);

/** For how many milliseconds each refresh has failed in the same way. */
const failingFor = promised<number | null, Instance, [string, string]>(native.integrationFailing);

type Failures = RefreshExpiringResult['failures'][number];

const readFailures = recordReader<Failures>(
  'RefreshFailures',
  ({ provider, code, count }) =>
    (fields, at) => ({
      provider: fields[at + provider] as string,
      code: fields[at + code] as string,
      count: fields[at + count] as number,
    }),
);

type Skipped = RefreshExpiringResult['skipped'][number];

const readSkipped = recordReader<Skipped>('SkippedRows', ({ provider, count }) => (fields, at) => ({
  provider: fields[at + provider] as string,
  count: fields[at + count] as number,
}));

const readResult = recordReader<RefreshExpiringResult>(
  'RefreshExpiringResult',
  ({ refreshed, failed, revoked, failures, skipped }, size) =>
    (fields, at) => {
      const kinds = fields[at + failures] as number;
      const first = at + size;
      return {
        refreshed: fields[at + refreshed] as number,
        failed: fields[at + failed] as number,
        revoked: fields[at + revoked] as number,
        failures: listOf(readFailures, kinds, fields, first),
        skipped: listOf(
          readSkipped,
          fields[at + skipped] as number,
          fields,
          first + kinds * readFailures.size,
        ),
      };
    },
);

const refreshExpiring = promised<
  RefreshExpiringResult,
  Instance,
  [number, number, number | undefined, number | undefined]
>(native.refreshExpiringIntegrations, readResult);

/** The integration store of an instance. */
export class IntegrationStore {
  readonly #instance: () => Instance;

  /** @internal */
  constructor(instance: () => Instance) {
    this.#instance = instance;
    // So that `const { getValidToken } = keep.integration` works.
    this.getToken = this.getToken.bind(this);
    this.storeToken = this.storeToken.bind(this);
    this.getValidToken = this.getValidToken.bind(this);
    this.revoke = this.revoke.bind(this);
    this.connectionStatus = this.connectionStatus.bind(this);
    this.refreshExpiring = this.refreshExpiring.bind(this);
  }

  /** The stored token, fresh or not, also of a grant that is dead; `null` when there is none. */
  async getToken(userId: string, provider: string): Promise<IntegrationToken | null> {
    return get(this.#instance(), text('userId', userId), text('provider', provider));
  }

  /** Stores a token, sealed; replaces what was stored, also while a refresh is under way. */
  async storeToken(userId: string, provider: string, token: NewIntegrationToken): Promise<void> {
    const given = record('token', token);
    return store(
      this.#instance(),
      text('userId', userId),
      text('provider', provider),
      text('accessToken', given['accessToken']),
      optionalText('refreshToken', given['refreshToken']),
      date('expiresAt', given['expiresAt']),
      optionalScopes('scopes', given['scopes']) ?? [],
    );
  }

  /**
   * A token with at least five minutes left, or `minTtlMs`, refreshed once across all processes if need
   * be. While somebody else refreshes, a token with over a minute left is given at once. For a further
   * account of one user `provider` is `<provider>#<account key>`.
   * @throws {NotConnectedError} when nothing is stored
   * @throws {TokenRevokedError} when the grant is dead; the row says since when
   * @throws {ScopesMissingError} when `scopes` names others than were granted
   */
  async getValidToken(
    userId: string,
    provider: string,
    options: ValidTokenOptions = {},
  ): Promise<IntegrationToken> {
    const { scopes, minTtlMs, forceRefresh, refreshFn } = wantedOf(options);
    const token = await valid(
      this.#instance(),
      text('userId', userId),
      text('provider', provider),
      minTtlMs,
      forceRefresh,
      refreshFn && keepRefreshFn(refreshFn),
    );
    return withScopes(token, scopes);
  }

  /**
   * Refreshes every token that runs out soon, of the providers that are described, before anybody has
   * to wait for it. Any number of workers share the work: each row is refreshed by one of them. A run
   * sends a row at most once, and ends when nothing that is due is left, or its limit is reached; rows
   * whose last refresh has failed come last, those that failed longest ago first.
   */
  async refreshExpiring(options: RefreshExpiringOptions): Promise<RefreshExpiringResult> {
    const { expiresWithin, concurrency, limit, perSecond } = expiringOf(options);
    return refreshExpiring(this.#instance(), expiresWithin, concurrency, limit, perSecond);
  }

  /**
   * Deletes a token, then has the provider revoke it (RFC 7009); gives whether there was one. That the
   * provider could not be told is the event `revoke.unconfirmed`, with `confirm` an error, too.
   */
  async revoke(
    userId: string,
    provider: string,
    options: { confirm?: boolean | undefined } = {},
  ): Promise<boolean> {
    const confirm = record('options', options)['confirm'] === true;
    return revoke(this.#instance(), text('userId', userId), text('provider', provider), confirm);
  }

  /**
   * How a connection is: with a token that is valid now, or why not. Rejects only for what is neither
   * the user's nor the provider's matter, such as a database that is away.
   */
  async connectionStatus(
    userId: string,
    provider: string,
    options: Pick<ValidTokenOptions, 'scopes' | 'refreshFn'> = {},
  ): Promise<ConnectionStatus> {
    const { scopes, refreshFn } = wantedOf(options);
    const status = await statusOf(this.getValidToken(userId, provider, { refreshFn }), scopes);
    if (status.active || !['refused', 'provider_unavailable'].includes(status.reason))
      return status;
    return withAge(status, await failingFor(this.#instance(), userId, provider));
  }
}
