/** `tokenkeep/integration`: tokens of any provider, on the default instance. */

import { defaultInstance } from './instance/instance';
import type {
  ConnectionStatus,
  IntegrationToken,
  NewIntegrationToken,
  RefreshExpiringOptions,
  RefreshExpiringResult,
  ValidTokenOptions,
} from './stores/integration';

export type {
  ConnectionStatus,
  IntegrationToken,
  NewIntegrationToken,
  RefreshExpiringOptions,
  RefreshExpiringResult,
  ValidTokenOptions,
} from './stores/integration';

/** The stored token, fresh or not, also of a grant that is dead; `null` when there is none. */
export async function getToken(userId: string, provider: string): Promise<IntegrationToken | null> {
  return defaultInstance().integration.getToken(userId, provider);
}

/** Stores a token, sealed; replaces what was stored, also while a refresh is under way. */
export async function storeToken(
  userId: string,
  provider: string,
  token: NewIntegrationToken,
): Promise<void> {
  return defaultInstance().integration.storeToken(userId, provider, token);
}

/**
 * A token with at least five minutes left, or `minTtlMs`, refreshed once across all processes if need
 * be.
 * @throws {NotConnectedError} when nothing is stored
 * @throws {TokenRevokedError} when the grant is dead; the row says since when
 * @throws {ScopesMissingError} when `scopes` names others than were granted
 */
export async function getValidToken(
  userId: string,
  provider: string,
  options: ValidTokenOptions = {},
): Promise<IntegrationToken> {
  return defaultInstance().integration.getValidToken(userId, provider, options);
}

/** Deletes a token, then has the provider revoke it (RFC 7009); gives whether there was one. */
export async function revoke(
  userId: string,
  provider: string,
  options: { confirm?: boolean | undefined } = {},
): Promise<boolean> {
  return defaultInstance().integration.revoke(userId, provider, options);
}

/**
 * Refreshes every token that runs out soon, of the providers that are described, before anybody has to
 * wait for it. Any number of workers share the work: each row is refreshed by one of them.
 */
export async function refreshExpiring(
  options: RefreshExpiringOptions,
): Promise<RefreshExpiringResult> {
  return defaultInstance().integration.refreshExpiring(options);
}

/** How a connection is: with a token that is valid now, or why not. */
export async function connectionStatus(
  userId: string,
  provider: string,
  options: Pick<ValidTokenOptions, 'scopes' | 'refreshFn'> = {},
): Promise<ConnectionStatus> {
  return defaultInstance().integration.connectionStatus(userId, provider, options);
}
