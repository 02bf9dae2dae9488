/** Call sites of a hand-written token vault, with the types that its team had declared. */

import { createTokenKeep } from 'tokenkeep';
import {
  type DecryptedToken,
  type TokenData,
  TokenVaultService,
  decrypt,
  encrypt,
  tokenVaultService,
} from 'tokenkeep/vault';

/** The team's own: in its service they came from the enums of its schema. */
type OwnProvider = 'whatsapp' | 'google' | 'voicenter' | 'greeninvoice' | 'icount' | 'clerk';
type OwnType = 'access_token' | 'refresh_token' | 'api_key' | 'webhook_secret';
interface OwnTokenData {
  value: string;
  expiresAt?: Date;
  identifier?: string;
}
interface OwnToken {
  id: string;
  tenantId: string;
  provider: OwnProvider;
  tokenType: OwnType;
  value: string;
  identifier: string | null;
  expiresAt: Date | null;
  isValid: string;
  lastUsedAt: Date | null;
}
interface OwnExpiring {
  tenantId: string;
  provider: string;
  tokenType: string;
  identifier: string | null;
}
interface OwnService {
  storeToken(tenant: string, of: OwnProvider, type: OwnType, data: OwnTokenData): Promise<string>;
  getToken(tenant: string, of: OwnProvider, type: OwnType, id?: string): Promise<OwnToken | null>;
  getAccessToken(
    tenant: string,
    of: OwnProvider,
    id?: string,
    refreshBufferMinutes?: number,
  ): Promise<{ token: OwnToken; needsRefresh: boolean } | null>;
  getRefreshToken(tenant: string, of: OwnProvider, id?: string): Promise<OwnToken | null>;
  markTokenInvalid(tokenId: string, error: string): Promise<void>;
  deleteToken(tokenId: string): Promise<void>;
  deleteProviderTokens(tenant: string, of: OwnProvider): Promise<void>;
  findExpiringTokens(withinMinutes: number, of?: OwnProvider): Promise<OwnExpiring[]>;
}

export const service: OwnService = tokenVaultService;
export const instances: OwnService = createTokenKeep({}).vault;
export const another: OwnService = new TokenVaultService();

const NAMES: Record<OwnProvider, string> = {
  whatsapp: 'WhatsApp',
  google: 'Google',
  voicenter: 'Voicenter',
  greeninvoice: 'Greeninvoice',
  icount: 'iCount',
  clerk: 'Clerk',
};

function label(token: OwnToken): string {
  return `${NAMES[token.provider]}: ${token.tokenType}`;
}

/** What a team gets by names that it does not write down. */
type Found = NonNullable<Awaited<ReturnType<typeof tokenVaultService.getToken>>>;
export const found = (token: Found): OwnToken => token;
export const asked = (): Parameters<TokenVaultService['getToken']>[1][] => ['google'];

export async function labels(tenantId: string) {
  let token = await tokenVaultService.getToken(tenantId, 'google', 'access_token', 'account');
  token ??= await tokenVaultService.getToken(tenantId, 'whatsapp', 'api_key');
  const same: DecryptedToken | null = token;
  const access = await tokenVaultService.getAccessToken(tenantId, 'google', undefined, 10);
  if (access?.needsRefresh) await tokenVaultService.markTokenInvalid(access.token.id, 'stale');
  const refresh = await tokenVaultService.getRefreshToken(tenantId, 'google');
  return [same, access?.token, refresh].map((each) => each && label(each));
}

export async function labelsOfInstance(tenantId: string) {
  const { vault } = createTokenKeep({});
  let token = await vault.getToken(tenantId, 'google', 'access_token');
  token ??= await vault.getToken(tenantId, 'icount', 'api_key');
  const access = await vault.getAccessToken(tenantId, 'google');
  return [token, access?.token].map((each) => each && label(each));
}

export async function rotate(tenantId: string, provider: OwnProvider, data: OwnTokenData) {
  const given: TokenData = data;
  const id: string = await tokenVaultService.storeToken(tenantId, provider, 'api_key', given);
  for (const expiring of await tokenVaultService.findExpiringTokens(30, provider)) {
    const row: OwnExpiring = expiring;
    await tokenVaultService.deleteProviderTokens(row.tenantId, provider);
  }
  await tokenVaultService.deleteToken(id);
  return decrypt(await encrypt('value'));
}

export const expiring = () => tokenVaultService.findExpiringTokens(15);
export const token = () => tokenVaultService.getAccessToken('tenant', 'google');
export const methods = { get: tokenVaultService.getToken, of: createTokenKeep({}).vault.getToken };

// @ts-expect-error no such provider, as before
export const misspelt = () => tokenVaultService.getToken('tenant', 'gogle', 'api_key');

/** An application with another value in its enum. */
export const own = new TokenVaultService<OwnProvider | 'stripe'>();
export async function stripe() {
  const first = await own.getToken('tenant', 'stripe', 'api_key');
  const provider: OwnProvider | 'stripe' | undefined = first?.provider;
  const second = await createTokenKeep({}).vault.getToken('tenant', 'stripe', 'api_key');
  const other: 'stripe' | undefined = second?.provider;
  return { provider, other };
}
