import type { RefreshFn } from 'tokenkeep';
import type * as vault from 'tokenkeep/vault';
import type { Equal, Expect } from './expect';

type Service = vault.TokenVaultService;
type Provider = vault.DecryptedToken['provider'];
type Type = vault.DecryptedToken['tokenType'];
type Token = vault.DecryptedToken;

export type Functions = [
  Expect<Equal<typeof vault.encrypt, (plaintext: string) => Promise<string>>>,
  Expect<Equal<typeof vault.decrypt, (encrypted: string) => Promise<string>>>,
  Expect<Equal<typeof vault.generateEncryptionSecret, () => string>>,
  Expect<Equal<typeof vault.tokenVaultService, Service>>,
  Expect<
    Equal<
      Service['storeToken'],
      (
        tenantId: string,
        provider: Provider,
        tokenType: Type,
        data: vault.TokenData,
      ) => Promise<string>
    >
  >,
  Expect<
    Equal<
      Service['getToken'],
      (
        tenantId: string,
        provider: Provider,
        tokenType: Type,
        identifier?: string,
      ) => Promise<Token | null>
    >
  >,
  Expect<
    Equal<
      Parameters<Service['getAccessToken']>,
      [
        tenantId: string,
        provider: Provider,
        identifier?: string,
        refreshBufferMinutes?: number,
        options?: { refresh?: boolean | undefined; refreshFn?: RefreshFn | undefined },
      ]
    >
  >,
  Expect<
    Equal<
      NonNullable<Awaited<ReturnType<Service['getAccessToken']>>>,
      { token: Token; needsRefresh: boolean }
    >
  >,
  Expect<
    Equal<
      Service['getRefreshToken'],
      (tenantId: string, provider: Provider, identifier?: string) => Promise<Token | null>
    >
  >,
  Expect<Equal<Service['markTokenInvalid'], (tokenId: string, error: string) => Promise<void>>>,
  Expect<Equal<Service['deleteToken'], (tokenId: string) => Promise<void>>>,
  Expect<
    Equal<Service['deleteProviderTokens'], (tenantId: string, provider: Provider) => Promise<void>>
  >,
  Expect<
    Equal<Parameters<Service['findExpiringTokens']>, [withinMinutes: number, provider?: Provider]>
  >,
  Expect<
    Equal<
      Awaited<ReturnType<Service['findExpiringTokens']>>[number],
      { tenantId: string; provider: string; tokenType: string; identifier: string | null }
    >
  >,
];

export type Shapes = [
  Expect<
    Equal<
      vault.TokenData,
      { value: string; expiresAt?: Date | null | undefined; identifier?: string | undefined }
    >
  >,
  Expect<
    Equal<
      Omit<Token, 'provider' | 'tokenType'>,
      {
        id: string;
        tenantId: string;
        value: string;
        identifier: string | null;
        expiresAt: Date | null;
        isValid: string;
        lastUsedAt: Date | null;
      }
    >
  >,
];
