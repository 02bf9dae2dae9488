/** `tokenkeep/gmail`: exactly the names of a hand-written service, on the default instance. */

import type { RefreshFn } from './bridge/bridge';
import type { DecryptedGmailToken, UpsertGmailTokensParams } from './stores/gmail';
import { defaultInstance } from './instance/instance';

export type { DecryptedGmailToken, UpsertGmailTokensParams } from './stores/gmail';
export { GmailNotConnectedError, GmailTokenRevokedError } from './errors/errors';

/**
 * Stores a user's tokens, sealed; replaces what was stored, also while a refresh is under way.
 * @throws {TenantMismatchError} when the user's row belongs to another tenant
 */
export async function upsertGmailTokens(params: UpsertGmailTokensParams): Promise<void> {
  return defaultInstance().gmail.upsertGmailTokens(params);
}

/** The stored tokens, fresh or not; `null` when there are none. */
export async function getGmailTokenDecrypted(userId: string): Promise<DecryptedGmailToken | null> {
  return defaultInstance().gmail.getGmailTokenDecrypted(userId);
}

/** Deletes the stored tokens, if there are any; never calls Google. */
export async function deleteGmailTokens(userId: string): Promise<void> {
  return defaultInstance().gmail.deleteGmailTokens(userId);
}

/** Whether tokens are stored; opens nothing. */
export async function hasActiveGmailConnection(userId: string): Promise<boolean> {
  return defaultInstance().gmail.hasActiveGmailConnection(userId);
}

/**
 * A token with at least five minutes left, refreshed once across all processes if need be: by
 * `refreshFn` when given, else at Google with `GOOGLE_CLIENT_ID` and `GOOGLE_CLIENT_SECRET`.
 * When a refresh fails, a token with over a minute left is given instead of the error.
 * @throws {GmailNotConnectedError} when nothing is stored
 * @throws {GmailTokenRevokedError} when Google says `invalid_grant`; the row is gone then
 */
export async function getValidGmailToken(
  userId: string,
  refreshFn?: RefreshFn,
): Promise<DecryptedGmailToken> {
  return defaultInstance().gmail.getValidGmailToken(userId, refreshFn);
}
