import type * as tables from 'tokenkeep/drizzle';
import type { Equal, Expect } from './expect';

/** The type of a row's columns: those of the table, in its order. */
export type Rows = [
  Expect<
    Equal<
      tables.GmailToken,
      {
        id: string;
        tenantId: string;
        userId: string;
        encryptedAccessToken: string;
        encryptedRefreshToken: string;
        expiresAt: Date;
        scope: string;
        keyVersion: number;
        refreshingAt: Date | null;
        connectedAt: Date;
        updatedAt: Date;
      }
    >
  >,
  Expect<
    Equal<
      tables.OAuthToken,
      {
        id: string;
        clientId: string;
        provider: string;
        accessToken: string | null;
        refreshToken: string;
        tokenExpiry: Date | null;
        scopes: string | null;
        metadata: unknown;
        refreshingAt: Date | null;
        invalidSince: Date | null;
        invalidReason: string | null;
        createdAt: Date;
        updatedAt: Date;
      }
    >
  >,
  Expect<
    Equal<
      Omit<tables.TokenVaultEntry, 'provider' | 'tokenType'>,
      {
        id: string;
        tenantId: string;
        identifier: string | null;
        encryptedValue: string;
        expiresAt: Date | null;
        lastUsedAt: Date | null;
        lastRefreshedAt: Date | null;
        isValid: string;
        lastError: string | null;
        refreshingAt: Date | null;
        createdAt: Date;
        updatedAt: Date;
      }
    >
  >,
  Expect<
    Equal<
      tables.GoogleCalendarToken,
      {
        userId: string;
        accessToken: string;
        refreshToken: string;
        tokenExpiry: Date | null;
        scopes: string[] | null;
        refreshingAt: Date | null;
        updatedAt: Date | null;
      }
    >
  >,
  Expect<
    Equal<
      tables.IntegrationTokenRow,
      {
        id: string;
        userId: string;
        provider: string;
        accessToken: string;
        refreshToken: string | null;
        expiresAt: Date;
        scopes: string[];
        refreshingAt: Date | null;
        invalidSince: Date | null;
        invalidReason: string | null;
        lastRefreshedAt: Date | null;
        lastErrorCode: string | null;
        failureCount: number;
        metadata: unknown;
        createdAt: Date;
        updatedAt: Date;
      }
    >
  >,
];
