/** `tokenkeep/integration`: the integration store of the default instance, for any provider. */

import { onDefault } from './instance/instance';
import type {
  ConnectionStatus,
  IntegrationToken,
  NewIntegrationToken,
  RefreshExpiringOptions,
  RefreshExpiringResult,
  StoreTokenResponseOptions,
  ValidTokenOptions,
} from './stores/integration';

export type {
  ConnectionStatus,
  IntegrationToken,
  NewIntegrationToken,
  RefreshExpiringOptions,
  RefreshExpiringResult,
  StoreTokenResponseOptions,
  ValidTokenOptions,
} from './stores/integration';

/** Returns the stored token, expired or revoked or not; `null` if there is none. */
export function getToken(userId: string, provider: string): Promise<IntegrationToken | null> {
  return onDefault(({ integration }) => integration.getToken(userId, provider));
}

/** Stores a token, sealed. Replaces a stored token, even during a refresh. */
export function storeToken(
  userId: string,
  provider: string,
  token: NewIntegrationToken,
): Promise<void> {
  return onDefault(({ integration }) => integration.storeToken(userId, provider, token));
}

/**
 * Stores the tokens of a response that the application has received from the provider's token endpoint. Lifetime,
 * scopes and metadata are read as the provider's description says.
 */
export function storeTokenResponse(
  userId: string,
  provider: string,
  response: string | object,
  options: StoreTokenResponseOptions = {},
): Promise<void> {
  return onDefault(({ integration }) =>
    integration.storeTokenResponse(userId, provider, response, options),
  );
}

/**
 * Returns a token that is valid for at least five minutes, or `minTtlMs`, refreshed once across all
 * processes if necessary.
 * @throws {NotConnectedError} if nothing is stored
 * @throws {TokenRevokedError} if the grant is revoked; the row records since when
 * @throws {ScopesMissingError} if one of `scopes` was not granted
 */
export function getValidToken(
  userId: string,
  provider: string,
  options: ValidTokenOptions = {},
): Promise<IntegrationToken> {
  return onDefault(({ integration }) => integration.getValidToken(userId, provider, options));
}

/** Deletes a token, then revokes it at the provider (RFC 7009); returns whether there was one. */
export function revoke(
  userId: string,
  provider: string,
  options: { confirm?: boolean | undefined } = {},
): Promise<boolean> {
  return onDefault(({ integration }) => integration.revoke(userId, provider, options));
}

/**
 * Refreshes every token of a configured provider that expires soon, so that no call has to wait. Workers
 * can run in parallel: each row is refreshed by one of them.
 */
export function refreshExpiring(options: RefreshExpiringOptions): Promise<RefreshExpiringResult> {
  return onDefault(({ integration }) => integration.refreshExpiring(options));
}

/** Returns whether a connection has a valid token now, and if not, why. */
export function connectionStatus(
  userId: string,
  provider: string,
  options: Pick<ValidTokenOptions, 'scopes' | 'refreshFn'> = {},
): Promise<ConnectionStatus> {
  return onDefault(({ integration }) => integration.connectionStatus(userId, provider, options));
}
