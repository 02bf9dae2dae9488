import { GmailNotConnectedError, getValidGmailToken, upsertGmailTokens } from 'tokenkeep/gmail';
import { createTokenKeep, type RefreshFn, type TokenKeep } from 'tokenkeep';
import { oauthTokenService } from 'tokenkeep/zoho';
import { tokenVaultService } from 'tokenkeep/vault';
import { getCredentialsForUser } from 'tokenkeep/calendar';
import { getValidToken, type IntegrationToken } from 'tokenkeep/integration';
import { createGoogleHandlers } from 'tokenkeep/http';
import { encryptToken } from 'tokenkeep/crypto';

export const refreshFn: RefreshFn = async () => ({ accessToken: 'new', expiryDate: Date.now() });
export const integration = (): Promise<IntegrationToken> => getValidToken('user', 'google');
export const others = [oauthTokenService, tokenVaultService, getCredentialsForUser, encryptToken];
export const handlers = createGoogleHandlers;
export const gmail = { GmailNotConnectedError, getValidGmailToken, upsertGmailTokens };
export const keep = (): TokenKeep => createTokenKeep();
// @ts-expect-error a user id is a text
export const wrong = () => getValidGmailToken(1);
