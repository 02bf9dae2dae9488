/** `tokenkeep/gmail`: exactly the nine names of seed 000's barrel, on the default instance. */

import type { RefreshFn } from './bridge';
import type { DecryptedGmailToken, UpsertGmailTokensParams } from './gmail-store';
import { defaultKeep } from './instance';

export type { DecryptedGmailToken, UpsertGmailTokensParams } from './gmail-store';
export { GmailNotConnectedError, GmailTokenRevokedError } from './errors';

/** @see GmailStore.upsertGmailTokens */
export async function upsertGmailTokens(params: UpsertGmailTokensParams): Promise<void> {
  return defaultKeep().gmail.upsertGmailTokens(params);
}

/** @see GmailStore.getGmailTokenDecrypted */
export async function getGmailTokenDecrypted(userId: string): Promise<DecryptedGmailToken | null> {
  return defaultKeep().gmail.getGmailTokenDecrypted(userId);
}

/** @see GmailStore.deleteGmailTokens */
export async function deleteGmailTokens(userId: string): Promise<void> {
  return defaultKeep().gmail.deleteGmailTokens(userId);
}

/** @see GmailStore.hasActiveGmailConnection */
export async function hasActiveGmailConnection(userId: string): Promise<boolean> {
  return defaultKeep().gmail.hasActiveGmailConnection(userId);
}

/** @see GmailStore.getValidGmailToken */
export async function getValidGmailToken(
  userId: string,
  refreshFn?: RefreshFn,
): Promise<DecryptedGmailToken> {
  return defaultKeep().gmail.getValidGmailToken(userId, refreshFn);
}
