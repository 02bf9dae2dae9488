/** Call sites of a hand-written Gmail token service, with the types that its team had declared. */

import {
  type DecryptedGmailToken,
  GmailNotConnectedError,
  GmailTokenRevokedError,
  type UpsertGmailTokensParams,
  deleteGmailTokens,
  getGmailTokenDecrypted,
  getValidGmailToken,
  hasActiveGmailConnection,
  upsertGmailTokens,
} from 'tokenkeep/gmail';

/** The team's own, as its service had them. */
interface OwnParams {
  userId: string;
  tenantId: string;
  accessToken: string;
  refreshToken: string;
  expiresAt: Date;
  scope: string;
}
interface OwnToken {
  id: string;
  userId: string;
  tenantId: string;
  accessToken: string;
  refreshToken: string;
  expiresAt: Date;
  scope: string;
  keyVersion: number;
  connectedAt: Date;
}
type OwnRefreshFn = (
  refreshToken: string,
) => Promise<{ accessToken: string; refreshToken?: string; expiryDate: number }>;

export async function connect(params: OwnParams) {
  const same: UpsertGmailTokensParams = params;
  const stored: void = await upsertGmailTokens(same);
  return stored;
}

export async function read(userId: string) {
  const token: OwnToken | null = await getGmailTokenDecrypted(userId);
  const fields: { [Field in keyof OwnToken]: DecryptedGmailToken[Field] } | null = token;
  return { token, fields, connected: (await hasActiveGmailConnection(userId)) === true };
}

export async function use(userId: string, refreshFn: OwnRefreshFn) {
  try {
    const usual: OwnToken = await getValidGmailToken(userId);
    const own: OwnToken = await getValidGmailToken(userId, refreshFn);
    return [usual, own];
  } catch (error) {
    if (error instanceof GmailNotConnectedError || error instanceof GmailTokenRevokedError) {
      const failure: Error = error;
      await deleteGmailTokens(userId);
      return failure.message;
    }
    throw error;
  }
}

export const service = {
  upsertGmailTokens,
  getGmailTokenDecrypted,
  deleteGmailTokens,
  hasActiveGmailConnection,
  getValidGmailToken,
};
