/** The integration store's methods. */

import {
  date,
  optionalJson,
  optionalScopes,
  optionalText,
  optionsOf,
  text,
} from '../input/arguments';
import { type RefreshFn, call, keepRefreshFn } from '../bridge/bridge';
import { listOf, recordReader } from '../bridge/layouts';
import type { TokenkeepError } from '../errors/errors';
import {
  expiringOf,
  newTokenOf,
  responseOf,
  statusOf,
  wantedOf,
  withAge,
  withScopes,
} from './integration-calls';
import { type InstanceHandle, native } from '../bridge/native';

/** A user's tokens at one provider. */
export interface IntegrationToken {
  accessToken: string;
  /** `null`: there is none. */
  refreshToken: string | null;
  /** `null`: the access token never expires. */
  expiresAt: Date | null;
  scopes: string[];
  /** What the provider says of the connection, such as `instance_url`, and the values of its variables. */
  metadata: Record<string, unknown>;
}

/** Tokens to store. */
export interface NewIntegrationToken {
  /** At most 64 KiB. */
  accessToken: string;
  /** At most 64 KiB. Without it, the stored refresh token is kept. */
  refreshToken?: string | null | undefined;
  /** `null`: the access token never expires. */
  expiresAt: Date | null;
  /** The granted scopes, each at most 1 KiB; `['']`: none. */
  scopes?: readonly string[] | undefined;
  /** Is added to the stored metadata. It is stored as it is, so it must not be secret. */
  metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** The options of {@link IntegrationStore.storeTokenResponse}. */
export interface StoreTokenResponseOptions {
  /** The scopes that were asked for. Default: none; they count if the response names no scopes. */
  scopes?: readonly string[] | undefined;
  /** Is added to the stored metadata: the values of the connection's variables, and what else is to be kept. */
  metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** The options of {@link IntegrationStore.getValidToken}. */
export interface ValidTokenOptions {
  /** Scopes that the token must have; otherwise the promise rejects with {@link ScopesMissingError}. */
  scopes?: readonly string[] | undefined;
  /** How long the token must be valid at least, in milliseconds. Default: 300,000. */
  minTtlMs?: number | undefined;
  /**
   * Refresh the token even if it is valid; a refresh younger than five seconds, or than the provider's `refreshLimit`
   * allows, is shared.
   */
  forceRefresh?: boolean | undefined;
  /** Refreshes instead of the provider's token endpoint. */
  refreshFn?: RefreshFn | undefined;
}

/** The status of a connection. */
export type ConnectionStatus =
  | {
      active: true;
      accessToken: string;
      expiresAt: Date | null;
      scopes: string[];
      metadata: Record<string, unknown>;
      /** The requested scopes that were not granted. */
      missingScopes: string[];
    }
  | {
      active: false;
      /**
       * For the first two, the user must connect. `refused`: the provider refuses this connection for a lasting
       * reason, such as an application that the user's administrator has removed; read `error`.
       * `provider_unavailable`: the provider cannot be reached at the moment. `needs_attention`: one of the
       * last two for more than a day, each time with the same error; check it, or have the user connect again.
       */
      reason:
        | 'not_connected'
        | 'needs_reauthorization'
        | 'refused'
        | 'provider_unavailable'
        | 'needs_attention';
      /** Since when each refresh has failed with this error, if known. */
      failingSince?: Date;
      /** Why there is no valid token. */
      error: TokenkeepError;
    };

/** The options of {@link IntegrationStore.refreshExpiring}. */
export interface RefreshExpiringOptions {
  /** Tokens with no more than this left, in milliseconds. */
  expiresWithin: number;
  /** How many refreshes run at the same time. Default: 8. */
  concurrency?: number | undefined;
  /** How many rows are tried at most. Default: all. */
  limit?: number | undefined;
  /** How many requests per second each provider is sent at most. Default: no limit. */
  maxPerSecond?: number | undefined;
}

/** The result of a run. Each tried row is counted once. */
export interface RefreshExpiringResult {
  /**
   * Rows with new tokens, refreshed by this worker or by one that it waited for. Rows that another worker
   * refreshed earlier are not counted.
   */
  refreshed: number;
  /** Rows that failed for another reason than a dead grant: a later run tries again. */
  failed: number;
  /** Rows with a dead grant: the users must connect again. */
  revoked: number;
  /** The failed and revoked rows, grouped and sorted by provider and error code. */
  failures: { provider: string; code: string; count: number }[];
  /**
   * Due rows that were not tried, by provider: the provider is not described, has refused the client, or has
   * refused these rows before and their pause is not over. At most 100,000 rows are counted.
   */
  skipped: { provider: string; count: number }[];
}

const readToken = recordReader<IntegrationToken>(
  'IntegrationToken',
  ({ accessToken, refreshToken, expiresAt, metadata, scopes }, size) =>
    (fields, at) => {
      const first = at + size;
      const expiresAtMs = fields[at + expiresAt] as number | null;
      const json = fields[at + metadata] as string | null;
      return {
        accessToken: fields[at + accessToken] as string,
        refreshToken: fields[at + refreshToken] as string | null,
        expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs),
        scopes: fields.slice(first, first + (fields[at + scopes] as number)) as string[],
        metadata: json === null ? {} : (JSON.parse(json) as Record<string, unknown>),
      };
    },
);

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

/** The integration store of an instance. */
export class IntegrationStore {
  readonly #instance: () => InstanceHandle;

  /** @internal */
  constructor(instance: () => InstanceHandle) {
    this.#instance = instance;
    // So that `const { getValidToken } = keep.integration` works.
    this.getToken = this.getToken.bind(this);
    this.storeToken = this.storeToken.bind(this);
    this.storeTokenResponse = this.storeTokenResponse.bind(this);
    this.getValidToken = this.getValidToken.bind(this);
    this.revoke = this.revoke.bind(this);
    this.connectionStatus = this.connectionStatus.bind(this);
    this.refreshExpiring = this.refreshExpiring.bind(this);
  }

  /** The stored token, also an expired one or one of a dead grant; `null` if there is none. */
  getToken(userId: string, provider: string): Promise<IntegrationToken | null> {
    return call(
      (id) =>
        native.getIntegrationToken(
          this.#instance(),
          id,
          text('userId', userId),
          text('provider', provider),
        ),
      readToken,
    );
  }

  /** Stores a token, sealed; replaces a stored one, also during a refresh. */
  storeToken(userId: string, provider: string, token: NewIntegrationToken): Promise<void> {
    return call((id) => {
      const given = newTokenOf(token);
      native.storeIntegrationToken(
        this.#instance(),
        id,
        text('userId', userId),
        text('provider', provider),
        text('accessToken', given['accessToken']),
        optionalText('refreshToken', given['refreshToken']),
        given['expiresAt'] === null ? null : date('expiresAt', given['expiresAt']),
        optionalScopes('scopes', given['scopes']) ?? [],
        optionalJson('metadata', given['metadata']),
      );
    });
  }

  /**
   * Stores the tokens of a response that the application has received from the provider's token endpoint, for an
   * application with an authorization flow of its own: the body, as an object or as text. Lifetime, scopes and
   * metadata are read as the provider's description says. The lifetime counts from now.
   */
  storeTokenResponse(
    userId: string,
    provider: string,
    response: string | object,
    options: StoreTokenResponseOptions = {},
  ): Promise<void> {
    return call((id) => {
      const { scopes, metadata } = optionsOf(options, ['scopes', 'metadata']);
      native.storeTokenResponse(
        this.#instance(),
        id,
        text('userId', userId),
        text('provider', provider),
        responseOf(response),
        Date.now(),
        optionalScopes('scopes', scopes) ?? [],
        optionalJson('metadata', metadata),
      );
    });
  }

  /**
   * A token with at least five minutes left, or `minTtlMs`, refreshed if needed, once across all processes.
   * During a refresh by another caller, a token with more than a minute left is returned at once. For a further
   * account of a user, `provider` is `<provider>#<account key>`.
   * @throws {NotConnectedError} if nothing is stored
   * @throws {TokenRevokedError} if the grant is dead; the row is marked as revoked
   * @throws {ScopesMissingError} if one of `scopes` was not granted
   */
  async getValidToken(
    userId: string,
    provider: string,
    options: ValidTokenOptions = {},
  ): Promise<IntegrationToken> {
    const { scopes, minTtlMs, forceRefresh, refreshFn } = wantedOf(options);
    const token = await call<IntegrationToken>(
      (id) =>
        native.getValidIntegrationToken(
          this.#instance(),
          id,
          text('userId', userId),
          text('provider', provider),
          minTtlMs,
          forceRefresh,
          refreshFn && keepRefreshFn(refreshFn),
        ),
      readToken,
    );
    return withScopes(token, scopes);
  }

  /**
   * Refreshes every token of the described providers that expires soon, before a caller has to wait for it.
   * Any number of workers can run at the same time: each row is refreshed by one of them. A run tries a row at
   * most once. It ends when no due row is left, or its limit is reached. Rows whose last refresh failed come
   * last, the oldest failure first.
   */
  refreshExpiring(options: RefreshExpiringOptions): Promise<RefreshExpiringResult> {
    return call((id) => {
      const { expiresWithin, concurrency, limit, perSecond } = expiringOf(options);
      const rest = [expiresWithin, concurrency, limit, perSecond] as const;
      native.refreshExpiringIntegrations(this.#instance(), id, ...rest);
    }, readResult);
  }

  /**
   * Deletes a token, then has the provider revoke it (RFC 7009); returns whether there was one. If the
   * provider does not confirm, the event `revoke.unconfirmed` is published; with `confirm` the promise rejects,
   * too.
   */
  revoke(
    userId: string,
    provider: string,
    options: { confirm?: boolean | undefined } = {},
  ): Promise<boolean> {
    return call((id) => {
      const confirm = optionsOf(options, ['confirm']).confirm === true;
      const key = [text('userId', userId), text('provider', provider)] as const;
      native.revokeIntegration(this.#instance(), id, ...key, confirm);
    });
  }

  /**
   * The status of a connection: a valid token, or why there is none. Rejects only for reasons that concern
   * neither the user nor the provider, such as an unavailable database.
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
    return withAge(status, await this.#failingFor(userId, provider));
  }

  /** For how many milliseconds each refresh has failed in the same way. */
  #failingFor(userId: string, provider: string): Promise<number | null> {
    return call((id) => native.integrationFailing(this.#instance(), id, userId, provider));
  }
}
