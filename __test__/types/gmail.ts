import type * as gmail from 'tokenkeep/gmail';
import type { RefreshFn } from 'tokenkeep';
import type { Equal, Expect } from './expect';

type Token = gmail.DecryptedGmailToken;

export type Functions = [
  Expect<
    Equal<typeof gmail.upsertGmailTokens, (params: gmail.UpsertGmailTokensParams) => Promise<void>>
  >,
  Expect<Equal<typeof gmail.getGmailTokenDecrypted, (userId: string) => Promise<Token | null>>>,
  Expect<Equal<typeof gmail.deleteGmailTokens, (userId: string) => Promise<void>>>,
  Expect<Equal<typeof gmail.hasActiveGmailConnection, (userId: string) => Promise<boolean>>>,
  Expect<
    Equal<
      typeof gmail.getValidGmailToken,
      (userId: string, refreshFn?: RefreshFn) => Promise<Token>
    >
  >,
];

export type Shapes = [
  Expect<
    Equal<
      gmail.UpsertGmailTokensParams,
      {
        userId: string;
        tenantId: string;
        accessToken: string;
        refreshToken: string;
        expiresAt: Date;
        scope: string;
      }
    >
  >,
  Expect<
    Equal<
      Token,
      {
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
    >
  >,
  Expect<
    Equal<
      RefreshFn,
      (
        refreshToken: string,
        context: { signal: AbortSignal },
      ) => Promise<{
        accessToken: string;
        refreshToken?: string | null | undefined;
        expiryDate: number;
        scopes?: readonly string[] | undefined;
      }>
    >
  >,
];
