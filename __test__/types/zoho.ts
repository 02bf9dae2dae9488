import type * as zoho from 'tokenkeep/zoho';
import type { Equal, Expect } from './expect';

type Service = zoho.OAuthTokenService;
type Provider = zoho.ZohoProvider;

export type Functions = [
  Expect<Equal<typeof zoho.oauthTokenService, Service>>,
  Expect<Equal<keyof Service, 'getAccessToken' | 'storeTokens' | 'hasToken'>>,
  Expect<
    Equal<
      Service['getAccessToken'],
      (clientId: string, provider: Provider, credentials: zoho.ZohoCredentials) => Promise<string>
    >
  >,
  Expect<
    Equal<
      Service['storeTokens'],
      (clientId: string, provider: Provider, tokens: zoho.ZohoTokens) => Promise<void>
    >
  >,
  Expect<Equal<Service['hasToken'], (clientId: string, provider: Provider) => Promise<boolean>>>,
];

export type Shapes = [
  Expect<Equal<Provider, 'zoho_crm' | 'zoho_calendar' | (string & {})>>,
  Expect<Equal<zoho.ZohoCredentials, { clientId: string; clientSecret: string }>>,
  Expect<
    Equal<
      zoho.ZohoTokens,
      {
        accessToken?: string | undefined;
        refreshToken: string;
        expiresIn?: number | undefined;
        scopes?: string | undefined;
        metadata?: Record<string, unknown> | undefined;
      }
    >
  >,
];
