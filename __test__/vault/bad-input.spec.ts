/** Every input that no column, no key and no date can hold is refused before anything is sent. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidArgumentError, type TokenKeep, createTokenKeep } from '../../dist/index.js';
import { failureOf } from '../helpers/promises';
import { SECRET } from './rows';

const TENANT = randomUUID();

let keep: TokenKeep;
beforeAll(() => {
  // Nobody listens there: whatever is sent would be another error.
  keep = createTokenKeep({ databaseUrl: 'postgres://127.0.0.1:1/none', encryptionSecret: SECRET });
});
afterAll(() => keep.close());

type Call = (value: never) => Promise<unknown>;

async function refused(call: () => Promise<unknown>, argument: string): Promise<void> {
  let promise: Promise<unknown>;
  try {
    promise = call();
  } catch (error) {
    return expect.fail(`threw instead of rejecting: ${String(error)}`);
  }
  const error = await failureOf(promise);
  expect(error).toBeInstanceOf(InvalidArgumentError);
  expect(error).toBeInstanceOf(TypeError);
  expect(error).toMatchObject({ code: 'ERR_TOKENKEEP_INVALID_ARGUMENT', argument });
  expect(error.message.length).toBeLessThan(200);
}

const notStrings: unknown[] = [undefined, null, 7, true, {}, ['a'], Buffer.from('a'), Symbol('s')];
const badStrings = ['a\0b', 'a\ud800', '\udfffa'];
const badUuids = ['', 'tenant-1', TENANT.slice(1), `${TENANT}0`, `'${TENANT}'`, 'ä'.repeat(16)];
const data = { value: 'v' };

const calls: [string, string, Call, unknown[]][] = [
  ...(
    [
      ['storeToken', (id: never) => keep.vault.storeToken(id, 'google', 'api_key', data)],
      ['getToken', (id: never) => keep.vault.getToken(id, 'google', 'api_key')],
      ['getAccessToken', (id: never) => keep.vault.getAccessToken(id, 'google')],
      ['getRefreshToken', (id: never) => keep.vault.getRefreshToken(id, 'google')],
      ['deleteProviderTokens', (id: never) => keep.vault.deleteProviderTokens(id, 'google')],
      [
        'getAccessToken with refresh',
        (id: never) => keep.vault.getAccessToken(id, 'google', '', 5, { refresh: true }),
      ],
    ] as [string, Call][]
  ).map(([name, call]): [string, string, Call, unknown[]] => [
    name,
    'tenantId',
    call,
    [...notStrings, ...badUuids],
  ]),
  [
    'storeToken',
    'provider',
    (value) => keep.vault.storeToken(TENANT, value, 'api_key', data),
    [...notStrings, ...badStrings, '', 'x'.repeat(1_025)],
  ],
  [
    'getToken',
    'tokenType',
    (value) => keep.vault.getToken(TENANT, 'google', value),
    [...notStrings, ...badStrings, '', 'x'.repeat(1_025)],
  ],
  [
    'storeToken',
    'identifier',
    (identifier) => keep.vault.storeToken(TENANT, 'google', 'api_key', { ...data, identifier }),
    [7, true, {}, ...badStrings, 'x'.repeat(256), '世'.repeat(256)],
  ],
  [
    'getToken',
    'identifier',
    (identifier) => keep.vault.getToken(TENANT, 'google', 'api_key', identifier),
    [7, true, {}, ...badStrings, 'x'.repeat(256)],
  ],
  [
    'storeToken',
    'value',
    (value) => keep.vault.storeToken(TENANT, 'google', 'api_key', { value }),
    [...notStrings, ...badStrings, 'x'.repeat(65_537), '世'.repeat(21_846)],
  ],
  [
    'storeToken',
    'expiresAt',
    (expiresAt) => keep.vault.storeToken(TENANT, 'google', 'api_key', { ...data, expiresAt }),
    [7, '2031-01-01', {}, new Date(NaN), new Date(-8.64e15)],
  ],
  [
    'storeToken',
    'data',
    (value) => keep.vault.storeToken(TENANT, 'google', 'api_key', value),
    [undefined, null, 'v', 7],
  ],
  [
    'markTokenInvalid',
    'tokenId',
    (id) => keep.vault.markTokenInvalid(id, 'e'),
    [...notStrings, ...badUuids],
  ],
  [
    'markTokenInvalid',
    'error',
    (error) => keep.vault.markTokenInvalid(TENANT, error),
    [...notStrings, ...badStrings, 'x'.repeat(65_537)],
  ],
  ['deleteToken', 'tokenId', (id) => keep.vault.deleteToken(id), [...notStrings, ...badUuids]],
  [
    'findExpiringTokens',
    'withinMinutes',
    (minutes) => keep.vault.findExpiringTokens(minutes),
    [undefined, null, '5', NaN, Infinity],
  ],
  [
    'getAccessToken',
    'refreshFn',
    (refreshFn) => keep.vault.getAccessToken(TENANT, 'google', '', 5, { refresh: true, refreshFn }),
    ['fn', {}, 7, false],
  ],
  [
    'getAccessToken',
    'options',
    (options) => keep.vault.getAccessToken(TENANT, 'google', '', 5, options),
    [null, 'refresh', true],
  ],
];

describe('is refused as an InvalidArgumentError:', () => {
  it.each(calls)('%s with a bad %s', async (_, argument, call, values) => {
    for (const value of values) await refused(() => call(value as never), argument);
  });
});
