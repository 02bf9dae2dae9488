import type { TokenKeep } from 'tokenkeep';
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
      typeof testing.expireToken,
      (where: string | testing.FakeTokenKeep, token: testing.StoredTokenKey) => Promise<void>
    >
  >,
];
