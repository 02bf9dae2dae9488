/** What the integration store does with its arguments and tokens, without the core. */

import {
  optionalFunction,
  optionalJson,
  optionalNumber,
  optionalScopes,
  optionsOf,
  record,
  refuseMistyped,
  text,
} from '../input/arguments';
import type { RefreshFn } from '../bridge/bridge';
import {
  InvalidArgumentError,
  NotConnectedError,
  RefreshTokenMissingError,
  ScopesMissingError,
  TokenRevokedError,
  TokenkeepError,
} from '../errors/errors';
import type {
  ConnectionStatus,
  IntegrationToken,
  RefreshExpiringOptions,
  ValidTokenOptions,
} from './integration';

const NEW_TOKEN_FIELDS = ['accessToken', 'refreshToken', 'expiresAt', 'scopes', 'metadata'];
const VALID_TOKEN_OPTIONS = ['scopes', 'minTtlMs', 'forceRefresh', 'refreshFn'] as const;
const EXPIRING_OPTIONS = ['expiresWithin', 'concurrency', 'limit', 'maxPerSecond'] as const;
/** The longest `minTtlMs`: about 49 days. */
const MIN_TTL_MAX_MS = 0xffffffff;

/** Reads the fields of a token to store. */
export function newTokenOf(token: unknown): Record<string, unknown> {
  return refuseMistyped(record('token', token), NEW_TOKEN_FIELDS);
}

/** The body of a token response, as JSON. */
export function responseOf(response: unknown): string {
  if (typeof response === 'string') return text('response', response);
  const json = optionalJson('response', record('response', response));
  if (json !== undefined) return json;
  throw new InvalidArgumentError('response: must be an object or a string', {
    argument: 'response',
  });
}

/** The options of `getValidToken`, checked. */
export interface Wanted {
  scopes: string[];
  minTtlMs: number | undefined;
  forceRefresh: boolean;
  refreshFn: RefreshFn | undefined;
}

/** Reads the options of `getValidToken`. */
export function wantedOf(options: ValidTokenOptions): Wanted {
  const { scopes, minTtlMs, forceRefresh, refreshFn } = optionsOf(options, VALID_TOKEN_OPTIONS);
  const wanted = optionalScopes('scopes', scopes) ?? [];
  const least = optionalNumber('minTtlMs', minTtlMs);
  if (least !== undefined && !(least > 0 && least <= MIN_TTL_MAX_MS)) {
    throw new InvalidArgumentError(`minTtlMs: must be from 1 to ${MIN_TTL_MAX_MS}`, {
      argument: 'minTtlMs',
    });
  }
  return {
    scopes: wanted,
    minTtlMs: least === undefined ? undefined : Math.ceil(least),
    forceRefresh: forceRefresh === true,
    refreshFn: optionalFunction('refreshFn', refreshFn),
  };
}

/** Returns the token if it has the scopes; otherwise throws. */
export function withScopes(token: IntegrationToken, wanted: readonly string[]): IntegrationToken {
  const missingScopes = missing(wanted, token.scopes);
  if (missingScopes.length === 0) return token;
  const message = `The token lacks scopes: ${missingScopes.join(', ')}. The user must agree to them`;
  throw Object.assign(new ScopesMissingError(message), { missingScopes, scopes: token.scopes });
}

/** The status of a connection, from the call for its valid token. */
export async function statusOf(
  asked: Promise<IntegrationToken>,
  wanted: readonly string[],
): Promise<ConnectionStatus> {
  try {
    const { refreshToken: _, ...token } = await asked;
    return { active: true, ...token, missingScopes: missing(wanted, token.scopes) };
  } catch (error) {
    const reason = inactive(error);
    if (!reason) throw error;
    return { active: false, reason, error: error as TokenkeepError };
  }
}

/** After how long of the same failure a connection needs attention: a day. */
const ATTENTION_MS = 86_400_000;

/** The status with the age of its failure; `null`: the age is not known. */
export function withAge(
  status: Extract<ConnectionStatus, { active: false }>,
  failingMs: number | null,
): ConnectionStatus {
  if (failingMs === null) return status;
  const reason = failingMs > ATTENTION_MS ? 'needs_attention' : status.reason;
  return { ...status, reason, failingSince: new Date(Date.now() - failingMs) };
}

/** Reads the options of `refreshExpiring`. */
export function expiringOf(options: RefreshExpiringOptions) {
  const given = optionsOf(options, EXPIRING_OPTIONS);
  const { expiresWithin, concurrency = 8, limit, maxPerSecond } = given;
  const perSecond = optionalNumber('maxPerSecond', maxPerSecond);
  if (perSecond !== undefined && !(perSecond >= 0.01 && perSecond <= 100_000)) {
    throw new InvalidArgumentError('maxPerSecond: must be from 0.01 to 100,000', {
      argument: 'maxPerSecond',
    });
  }
  return {
    expiresWithin: whole('expiresWithin', expiresWithin, Number.MAX_SAFE_INTEGER),
    concurrency: whole('concurrency', concurrency, 1_000),
    limit: limit === undefined ? undefined : whole('limit', limit, Number.MAX_SAFE_INTEGER),
    perSecond,
  };
}

function whole(argument: string, value: unknown, most: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= most) {
    return value;
  }
  throw new InvalidArgumentError(`${argument}: must be a whole number from 1 to ${most}`, {
    argument,
  });
}

function missing(wanted: readonly string[], granted: readonly string[]): string[] {
  return wanted.filter((scope) => !granted.includes(scope));
}

/** Codes of failures at the provider, also those of an unproven client. */
const OF_PROVIDER = /^ERR_TOKENKEEP_(PROVIDER_|REFRESH_|CLIENT_UNPROVEN$)/;

type Reason = Extract<ConnectionStatus, { active: false }>['reason'];

function inactive(error: unknown): Reason | undefined {
  if (error instanceof NotConnectedError) return 'not_connected';
  if (error instanceof TokenRevokedError || error instanceof RefreshTokenMissingError) {
    return 'needs_reauthorization';
  }
  if (!(error instanceof TokenkeepError && OF_PROVIDER.test(error.code))) return undefined;
  return error.retryable ? 'provider_unavailable' : 'refused';
}
