import { type TokenKeep, createTokenKeep } from 'tokenkeep';
import { getCredentialsForUser } from 'tokenkeep/calendar';
import { encryptToken } from 'tokenkeep/crypto';
import { type DecryptedGmailToken, getValidGmailToken } from 'tokenkeep/gmail';
import { createGoogleHandlers } from 'tokenkeep/http';
import { type IntegrationToken, getValidToken } from 'tokenkeep/integration';
import { startTestDatabase } from 'tokenkeep/testing';
import { tokenVaultService } from 'tokenkeep/vault';
import { oauthTokenService } from 'tokenkeep/zoho';

export const keep: TokenKeep = createTokenKeep();
export const gmail: Promise<DecryptedGmailToken> = getValidGmailToken('user');
export const integration: Promise<IntegrationToken> = getValidToken('user', 'google');
export const url: Promise<string> = startTestDatabase().then((database) => database.url);
export const others = [
  createGoogleHandlers,
  encryptToken,
  getCredentialsForUser,
  oauthTokenService,
  tokenVaultService,
];
// @ts-expect-error a user id is a text
export const wrong = () => getValidGmailToken(1);
