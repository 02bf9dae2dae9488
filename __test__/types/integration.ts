import type { RefreshFn, TokenkeepError } from 'tokenkeep';
import type * as integration from 'tokenkeep/integration';
import type { Equal, Expect } from './expect';

type Token = integration.IntegrationToken;
type Options = integration.ValidTokenOptions;

export type Functions = [
  Expect<
    Equal<typeof integration.getToken, (userId: string, provider: string) => Promise<Token | null>>
  >,
  Expect<
    Equal<
      typeof integration.storeToken,
      (userId: string, provider: string, token: integration.NewIntegrationToken) => Promise<void>
    >
  >,
  Expect<
    Equal<
      typeof integration.storeTokenResponse,
      (
        userId: string,
        provider: string,
        response: string | object,
        options?: integration.StoreTokenResponseOptions,
      ) => Promise<void>
    >
  >,
  Expect<
    Equal<
      typeof integration.getValidToken,
      (userId: string, provider: string, options?: Options) => Promise<Token>
    >
  >,
  Expect<
    Equal<
      typeof integration.revoke,
      (
        userId: string,
        provider: string,
        options?: { confirm?: boolean | undefined },
      ) => Promise<boolean>
    >
  >,
  Expect<
    Equal<
      typeof integration.refreshExpiring,
      (options: integration.RefreshExpiringOptions) => Promise<integration.RefreshExpiringResult>
    >
  >,
  Expect<
    Equal<
      typeof integration.connectionStatus,
      (
        userId: string,
        provider: string,
        options?: Pick<Options, 'scopes' | 'refreshFn'>,
      ) => Promise<integration.ConnectionStatus>
    >
  >,
];

export type Shapes = [
  Expect<
    Equal<
      Token,
      {
        accessToken: string;
        refreshToken: string | null;
        expiresAt: Date | null;
        scopes: string[];
        metadata: Record<string, unknown>;
      }
    >
  >,
  Expect<
    Equal<
      integration.NewIntegrationToken,
      {
        accessToken: string;
        refreshToken?: string | null | undefined;
        expiresAt: Date | null;
        scopes?: readonly string[] | undefined;
        metadata?: Readonly<Record<string, unknown>> | undefined;
      }
    >
  >,
  Expect<
    Equal<
      Options,
      {
        scopes?: readonly string[] | undefined;
        minTtlMs?: number | undefined;
        forceRefresh?: boolean | undefined;
        refreshFn?: RefreshFn | undefined;
      }
    >
  >,
  Expect<
    Equal<
      integration.ConnectionStatus,
      | {
          active: true;
          accessToken: string;
          expiresAt: Date | null;
          scopes: string[];
          metadata: Record<string, unknown>;
          missingScopes: string[];
        }
      | {
          active: false;
          reason:
            | 'not_connected'
            | 'needs_reauthorization'
            | 'refused'
            | 'provider_unavailable'
            | 'needs_attention';
          failingSince?: Date;
          error: TokenkeepError;
        }
    >
  >,
  Expect<
    Equal<
      integration.RefreshExpiringOptions,
      {
        expiresWithin: number;
        concurrency?: number | undefined;
        limit?: number | undefined;
        maxPerSecond?: number | undefined;
      }
    >
  >,
  Expect<
    Equal<
      integration.RefreshExpiringResult,
      {
        refreshed: number;
        failed: number;
        revoked: number;
        failures: { provider: string; code: string; count: number }[];
        skipped: { provider: string; count: number }[];
      }
    >
  >,
];
