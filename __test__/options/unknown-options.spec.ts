/** Options of calls that no call has: mistyped ones must not turn into the default. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TokenKeep, createTokenKeep } from '../../dist/index.js';
import { createGoogleHandlers } from '../../dist/http/index.js';
import { fakeTokenKeep, startTestDatabase, startTokenEndpoint } from '../../dist/testing/index.js';
import { failureOf } from '../helpers/promises';

const user = '11111111-1111-4111-8111-111111111111';
const instances: Record<'real' | 'fake', TokenKeep> = {
  real: createTokenKeep({
    databaseUrl: 'postgres://u@127.0.0.1:1/d',
    tokenkeepKey: '11'.repeat(32),
  }),
  fake: fakeTokenKeep(),
};
afterAll(() => instances.real.close());

/** Calls with a wrong option, and the message of the error. */
type Case = [call: string, keep: (keep: TokenKeep) => unknown, message: string];

const untyped = (options: object) => options as never;

describe.each(['real', 'fake'] as const)('an option that a call does not have, %s', (kind) => {
  let keep: TokenKeep;
  beforeAll(() => {
    keep = instances[kind];
  });

  it.each<Case>([
    [
      'integration.getValidToken',
      ({ integration }) => integration.getValidToken(user, 'google', untyped({ minTTLMs: 1 })),
      "minTTLMs: unknown option. Did you mean 'minTtlMs'?",
    ],
    [
      'integration.connectionStatus',
      ({ integration }) => integration.connectionStatus(user, 'google', untyped({ scope: 'a' })),
      "scope: unknown option. Did you mean 'scopes'?",
    ],
    [
      'integration.refreshExpiring',
      ({ integration }) => integration.refreshExpiring(untyped({ within: 1 })),
      "within: unknown option. Did you mean 'expiresWithin'?",
    ],
    [
      'integration.revoke',
      ({ integration }) => integration.revoke(user, 'google', untyped({ confrm: true })),
      "confrm: unknown option. Did you mean 'confirm'?",
    ],
    [
      'vault.getAccessToken',
      ({ vault }) =>
        vault.getAccessToken(user, 'google', undefined, 5, untyped({ refreshFN: () => 1 })),
      "refreshFN: unknown option. Did you mean 'refreshFn'?",
    ],
    [
      'calendar.getAuthUrl',
      ({ calendar }) => calendar.getAuthUrl(untyped({ userId: user, returnURL: '/' })),
      "returnURL: unknown option. Did you mean 'returnTo'?",
    ],
    [
      'close',
      (keep) => keep.close(untyped({ timeout: 1 })),
      "timeout: unknown option. Did you mean 'timeoutMs'?",
    ],
  ])('%s refuses it by its name', async (_, call, message) => {
    expect(await failureOf(Promise.resolve().then(() => call(keep)))).toMatchObject({
      name: 'InvalidArgumentError',
      message,
    });
  });

  it('is taken where its value is undefined', async () => {
    const failure = await failureOf(
      keep.integration.getValidToken(user, 'google', untyped({ minTTLMs: undefined })),
    );
    expect(failure.name).not.toBe('InvalidArgumentError');
  });
});

describe.each(['real', 'fake'] as const)('a token to store, %s', (kind) => {
  const token = { accessToken: 'access', expiresAt: new Date(Date.now() + 3_600_000) };
  const store = (more: object) =>
    failureOf(instances[kind].integration.storeToken(user, 'google', { ...token, ...more }));

  it.each([
    [{ refresh_token: 'refresh' }, "refresh_token: unknown field. Did you mean 'refreshToken'?"],
    [{ refreshtoken: 'refresh' }, "refreshtoken: unknown field. Did you mean 'refreshToken'?"],
    [{ scope: 'a b' }, "scope: unknown field. Did you mean 'scopes'?"],
  ])(
    'with a mistyped field is refused, since what it holds would be lost: %j',
    async (more, message) => {
      expect(await store(more)).toMatchObject({ name: 'InvalidArgumentError', message });
    },
  );

  it('may have fields of the application', async () => {
    const more = {
      id_token: 'x',
      token_type: 'Bearer',
      note: 1,
      refresh_token: 'r',
      refreshToken: 'r',
    };
    // The real one has no database here.
    const refused = kind === 'real' ? await store(more) : undefined;
    expect(refused?.name).not.toBe('InvalidArgumentError');
    if (kind === 'fake')
      await instances.fake.integration.storeToken(user, 'google', { ...token, ...more });
  });
});

it('createTokenKeep suggests the option that was meant', () => {
  expect(() => createTokenKeep(untyped({ databaseURL: 'postgres://u:hunter2@h/d' }))).toThrow(
    /^databaseURL: unknown option\. Did you mean 'databaseUrl'\?$/,
  );
});

it('the routes and the servers for tests refuse one, too', async () => {
  const routes: [object, RegExp][] = [
    [{ userID: () => user }, /^userID: unknown option\. Did you mean 'userId'\?$/],
    [{ userId: 'ada' }, /^userId: must be a function/],
    [{ onError: 1 }, /^onError: must be a function/],
    [{ returnTo: 5 }, /^returnTo: must be a string/],
    [{ scopes: 'a b' }, /^scopes: must be an array/],
    [{ store: 'calender' }, /^store: must be one of: calendar, integration$/],
    [{ keep: {} }, /^keep: must be an instance/],
  ];
  for (const [options, message] of routes) {
    expect(() => createGoogleHandlers(untyped(options))).toThrow(message);
  }
  // Like a field that is absent.
  expect(createGoogleHandlers(untyped({ keep: null, store: null }))).toBeDefined();
  const scripts: [object, RegExp][] = [
    [{ drop: 'later' }, /^script\[0\]\.drop: must be 'before' or 'after'$/],
    [{ status: '503' }, /^script\[0\]\.status: must be a number$/],
    [{ retryafter: 1 }, /^script\[0\]\.retryafter: unknown field\. Did you mean 'retryAfter'\?$/],
  ];
  for (const [step, message] of scripts) {
    await expect(startTokenEndpoint([untyped(step)])).rejects.toThrow(message);
  }
  await expect(startTokenEndpoint([], untyped({ rotates: false }))).rejects.toThrow(/'rotate'/);
  await expect(startTestDatabase(untyped({ store: ['gmail'] }))).rejects.toThrow(/'stores'/);
  expect(() => fakeTokenKeep(untyped({ refreshFn: () => 1 }))).toThrow(/refreshFn: unknown option/);
});

it('a fake refresh that returns no access token fails, as the real one does', async () => {
  const keep = fakeTokenKeep({ refresh: untyped(async () => ({ access_token: 'x' })) });
  const expired = { accessToken: 'access', refreshToken: 'refresh', expiresAt: new Date(0) };
  await keep.integration.storeToken(user, 'google', expired);
  expect(await failureOf(keep.integration.getValidToken(user, 'google'))).toMatchObject({
    code: 'ERR_TOKENKEEP_PROVIDER_RESPONSE',
    message: 'refresh returned no valid accessToken',
  });
});
