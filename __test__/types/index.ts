import type * as tokenkeep from 'tokenkeep';
import type * as crypto from 'tokenkeep/crypto';
import type * as gmail from 'tokenkeep/gmail';
import type { Equal, Expect } from './expect';

type Keep = tokenkeep.TokenKeep;
type Options = tokenkeep.TokenKeepOptions;
type Seal = (
  store: 'zoho' | 'calendar' | 'integration',
  column: string,
  key: readonly string[],
  value: string,
) => string;
type Event = tokenkeep.TokenkeepEvent;

export type Functions = [
  // All of the two entries that it repeats.
  Expect<Equal<Exclude<keyof typeof gmail | keyof typeof crypto, keyof typeof tokenkeep>, never>>,
  Expect<Equal<typeof tokenkeep.createTokenKeep, (options?: Options) => Keep>>,
  Expect<Equal<typeof tokenkeep.migrate, (options: tokenkeep.MigrateOptions) => Promise<string[]>>>,
  Expect<Equal<Keep['forTenant'], (tenantId: string) => Keep>>,
  Expect<
    Equal<
      typeof tokenkeep.withTenant,
      <Result>(tenantId: string | null, fn: () => Result) => Result
    >
  >,
  Expect<Equal<typeof tokenkeep.close, (options?: { timeoutMs?: number }) => Promise<boolean>>>,
  Expect<Equal<typeof tokenkeep.unseal, (options: tokenkeep.UnsealOptions) => Promise<number>>>,
  Expect<Equal<typeof tokenkeep.seal, (options: tokenkeep.SealOptions) => Promise<number>>>,
  Expect<
    Equal<
      typeof tokenkeep.rotate,
      (options?: tokenkeep.RotateOptions) => Promise<tokenkeep.RotateResult>
    >
  >,
  Expect<Equal<typeof tokenkeep.revive, (options: tokenkeep.ReviveOptions) => Promise<number>>>,
  Expect<Equal<typeof tokenkeep.sealValue, Seal>>,
  Expect<Equal<typeof tokenkeep.openValue, Seal>>,
  Expect<
    Equal<
      Exclude<keyof Keep, 'connector'>,
      | 'gmail'
      | 'calendar'
      | 'zoho'
      | 'vault'
      | 'integration'
      | 'forTenant'
      | 'migrate'
      | 'sealValue'
      | 'openValue'
      | 'unseal'
      | 'seal'
      | 'rotate'
      | 'revive'
      | 'close'
    >
  >,
];

export type Shapes = [
  Expect<
    Equal<
      tokenkeep.MigrateOptions,
      { stores: ('gmail' | 'zoho' | 'vault' | 'calendar' | 'integration')[]; keep?: 'newest' }
    >
  >,
  Expect<Equal<tokenkeep.RotateOptions['retire'], number | 'previous' | undefined>>,
  Expect<
    Equal<
      tokenkeep.RotateResult,
      {
        stores: tokenkeep.RotatedStore[];
        pending: tokenkeep.KeyUse[];
        retire?: tokenkeep.RetiredKey;
      }
    >
  >,
  Expect<
    Equal<tokenkeep.RetiredKey, { key: string; variables: string[]; neededBy: tokenkeep.KeyUse[] }>
  >,
  Expect<
    Equal<
      tokenkeep.SealingProgress,
      {
        store: 'gmail' | 'zoho' | 'vault' | 'calendar' | 'integration';
        rows: number;
        total: number | undefined;
        resealed: number;
        waiting: number;
      }
    >
  >,
  Expect<Equal<Options['fetch'], tokenkeep.Fetch | undefined>>,
  Expect<Equal<Options['databasePassword'], tokenkeep.DatabasePassword | undefined>>,
  Expect<Equal<tokenkeep.DatabasePassword, () => string | Promise<string>>>,
  Expect<Equal<tokenkeep.Fetch, (url: string, init: RequestInit) => Promise<Response>>>,
  Expect<Equal<Options['onEvent'], ((event: Event) => void) | undefined>>,
  Expect<Equal<Options['providers'], Record<string, tokenkeep.ProviderSettings> | undefined>>,
  Expect<
    Equal<
      Event,
      {
        type:
          | 'refresh.start'
          | 'refresh.end'
          | 'refresh.fail'
          | 'lease.lost'
          | 'commit.retry'
          | 'row.dropped'
          | 'client.unproven'
          | 'account.changed'
          | 'revoke.unconfirmed';
        store: string;
        key: string;
        durationMs?: number;
        code?: string;
        reason?: string;
      }
    >
  >,
];
