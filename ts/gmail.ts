/** `tokenkeep/gmail`: the gmail store of the default instance, as plain functions. */

import type { RefreshFn } from './bridge/bridge';
import type { DecryptedGmailToken, UpsertGmailTokensParams } from './stores/gmail';
import { onDefault } from './instance/instance';

export type { DecryptedGmailToken, UpsertGmailTokensParams } from './stores/gmail';
export { GmailNotConnectedError, GmailTokenRevokedError } from './errors/errors';

/**
 * Stores a user's tokens, sealed. Replaces stored tokens, even during a refresh.
 * @throws {TenantMismatchError} if the user's row belongs to another tenant
 */
export function upsertGmailTokens(params: UpsertGmailTokensParams): Promise<void> {
  return onDefault(({ gmail }) => gmail.upsertGmailTokens(params));
}

/** Returns the stored tokens, expired or not; `null` if there are none. */
export function getGmailTokenDecrypted(userId: string): Promise<DecryptedGmailToken | null> {
  return onDefault(({ gmail }) => gmail.getGmailTokenDecrypted(userId));
}

/** Deletes the stored tokens, if any. Does not call Google. */
export function deleteGmailTokens(userId: string): Promise<void> {
  return onDefault(({ gmail }) => gmail.deleteGmailTokens(userId));
}

/** Returns whether tokens are stored. Does not open them. */
export function hasActiveGmailConnection(userId: string): Promise<boolean> {
  return onDefault(({ gmail }) => gmail.hasActiveGmailConnection(userId));
}

/**
 * Returns a token that is valid for at least five minutes, refreshed once across all processes if necessary:
 * by `refreshFn` if given, otherwise at Google with `GOOGLE_CLIENT_ID` and `GOOGLE_CLIENT_SECRET`. If the
 * refresh fails, returns the stored token if it is valid for more than a minute.
 * @throws {GmailNotConnectedError} if nothing is stored
 * @throws {GmailTokenRevokedError} if Google returns `invalid_grant`; the row is deleted
 */
export function getValidGmailToken(
  userId: string,
  refreshFn?: RefreshFn,
): Promise<DecryptedGmailToken> {
  return onDefault(({ gmail }) => gmail.getValidGmailToken(userId, refreshFn));
}
