import type { TokenKeep, TokenkeepEvent } from 'tokenkeep';
import type * as testing from 'tokenkeep/testing';
import type { Equal, Expect } from './expect';

export type Shapes = [
  // What takes an instance takes the fake.
  Expect<testing.FakeTokenKeep extends TokenKeep ? true : false>,
  Expect<
    Equal<
      typeof testing.fakeTokenKeep,
      (options?: testing.FakeTokenKeepOptions) => testing.FakeTokenKeep
    >
  >,
  Expect<
    Equal<
      typeof testing.startTestDatabase,
      (options?: testing.TestDatabaseOptions) => Promise<testing.TestDatabase>
    >
  >,
  Expect<
    Equal<
      typeof testing.startTokenEndpoint,
      (
        script?: testing.TokenEndpointScript,
        options?: testing.TokenEndpointOptions,
      ) => Promise<testing.TokenEndpoint>
    >
  >,
  Expect<
    Equal<
      testing.UserConsent,
      {
        scopes?: readonly string[] | undefined;
        error?: string | undefined;
        subject?: string | undefined;
      }
    >
  >,
  Expect<Equal<testing.TokenEndpointOptions['provider'], string | undefined>>,
  Expect<Equal<testing.TokenEndpointStep['providerError'], string | undefined>>,
  Expect<
    Equal<testing.FakeTokenKeepOptions['onEvent'], ((event: TokenkeepEvent) => void) | undefined>
  >,
  Expect<
    Equal<
      testing.TokenEndpoint['issue'],
      (options?: { scopes?: readonly string[] | undefined }) => testing.IssuedTokens
    >
  >,
  Expect<
    Equal<
      typeof testing.expireToken,
      (where: string | testing.FakeTokenKeep, token: testing.StoredTokenKey) => Promise<void>
    >
  >,
];
