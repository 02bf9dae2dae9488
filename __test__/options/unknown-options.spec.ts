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

it('createTokenKeep suggests the option that was meant', () => {
  expect(() => createTokenKeep(untyped({ databaseURL: 'postgres://u:hunter2@h/d' }))).toThrow(
    /^databaseURL: unknown option\. Did you mean 'databaseUrl'\?$/,
  );
});

it('the routes and the servers for tests refuse one, too', async () => {
  expect(() => createGoogleHandlers(untyped({ userID: () => user }))).toThrow(/'userId'/);
  await expect(startTokenEndpoint([], untyped({ rotates: false }))).rejects.toThrow(/'rotate'/);
  await expect(startTestDatabase(untyped({ store: ['gmail'] }))).rejects.toThrow(/'stores'/);
  expect(() => fakeTokenKeep(untyped({ refreshFn: () => 1 }))).toThrow(/refreshFn: unknown option/);
});
