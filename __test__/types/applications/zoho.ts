/** Call sites of a hand-written Zoho token service, with the types that its team had declared. */

import { OAuthTokenService, oauthTokenService } from 'tokenkeep/zoho';

/** The team's own, as its service had them. */
type OwnProvider = 'zoho_crm' | 'zoho_calendar';
interface OwnTokens {
  accessToken?: string;
  refreshToken: string;
  expiresIn?: number;
  scopes?: string;
  metadata?: Record<string, unknown>;
}
interface OwnService {
  getAccessToken(
    clientId: string,
    provider: OwnProvider,
    credentials: { clientId: string; clientSecret: string },
  ): Promise<string>;
  storeTokens(clientId: string, provider: OwnProvider, tokens: OwnTokens): Promise<void>;
  hasToken(clientId: string, provider: OwnProvider): Promise<boolean>;
}

export const service: OwnService = oauthTokenService;
export const another = new OAuthTokenService();
export const bound = { get: oauthTokenService.getAccessToken, has: another.hasToken };

export async function request(clientId: string, provider: OwnProvider) {
  const credentials = { clientId: 'id', clientSecret: 'secret' };
  try {
    const token: string = await oauthTokenService.getAccessToken(clientId, provider, credentials);
    return { Authorization: `Zoho-oauthtoken ${token}` };
  } catch (error) {
    return error instanceof Error && error.message.includes('No OAuth token') ? null : undefined;
  }
}

export async function authorized(clientId: string, tokens: OwnTokens) {
  await oauthTokenService.storeTokens(clientId, 'zoho_crm', tokens);
  return oauthTokenService.hasToken(clientId, 'zoho_crm');
}
