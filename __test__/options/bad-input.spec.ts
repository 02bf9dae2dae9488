/** Every input that no column, no key or no date can hold is refused before anything is sent. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidArgumentError, type TokenKeep } from '../../dist/index.js';
import { type TestDatabase, gmailDatabase, keepOn } from '../helpers/database';
import { allRows, insertRow } from '../helpers/rows';

let database: TestDatabase;
let keep: TokenKeep;
let userId: string;
beforeAll(async () => {
  database = await gmailDatabase();
  keep = keepOn(database);
  userId = await insertRow(database, { left: 3_600 });
});
afterAll(async () => {
  await keep.close();
  await database.drop();
});

const good = () => ({
  userId,
  tenantId: 'tenant-1',
  accessToken: 'access',
  refreshToken: 'refresh',
  expiresAt: new Date('2031-01-01T00:00:00Z'),
  scope: 'scope',
});

/** What a call is refused with; it must return a promise whatever it is given. */
async function refused(call: () => Promise<unknown>, argument: string): Promise<Error> {
  const before = await allRows(database);
  let promise: Promise<unknown>;
  try {
    promise = call();
  } catch (error) {
    return expect.fail(`threw instead of rejecting: ${String(error)}`);
  }
  const error = await promise.then(
    () => expect.fail(`${argument} was accepted`),
    (thrown: Error) => thrown,
  );
  expect(error).toBeInstanceOf(InvalidArgumentError);
  expect(error).toBeInstanceOf(TypeError);
  expect(error).toMatchObject({
    name: 'InvalidArgumentError',
    code: 'ERR_TOKENKEEP_INVALID_ARGUMENT',
    retryable: false,
    argument,
    message: expect.stringMatching(new RegExp(`^${argument}: `)),
  });
  expect(await allRows(database)).toEqual(before);
  return error;
}

const notStrings: [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a number', 7],
  ['a boolean', true],
  ['a BigInt', 7n],
  ['a symbol', Symbol('s')],
  ['an object', { toString: () => 'text' }],
  ['a String object', new String('text')],
  ['an array', ['text']],
  ['a Buffer', Buffer.from('text')],
  ['a function', () => 'text'],
];

/** Strings that PostgreSQL's `text` cannot hold as they are. */
const badStrings: [string, string][] = [
  ['a NUL byte', 'a\0b'],
  ['only a NUL byte', '\0'],
  ['a lone high surrogate', 'a\ud800'],
  ['a lone low surrogate', '\udfffa'],
];

/** 1,025 bytes: as ASCII, and in far fewer characters. */
const tooLong: [string, string][] = [
  ['1,025 bytes', 'x'.repeat(1_025)],
  ['1,026 bytes in 342 characters', '世'.repeat(342)],
  ['a mebibyte', 'x'.repeat(1_048_576)],
];

const byUser = [
  ['getGmailTokenDecrypted', (id: string) => keep.gmail.getGmailTokenDecrypted(id)],
  ['getValidGmailToken', (id: string) => keep.gmail.getValidGmailToken(id)],
  ['hasActiveGmailConnection', (id: string) => keep.gmail.hasActiveGmailConnection(id)],
  ['deleteGmailTokens', (id: string) => keep.gmail.deleteGmailTokens(id)],
] as const;

describe.each(byUser)('%s refuses a userId that is', (_, call) => {
  it.each([...notStrings, ...badStrings, ...tooLong, ['empty', ''] as const])(
    '%s',
    async (_, value) => {
      await refused(() => call(value as string), 'userId');
    },
  );
});

describe('upsertGmailTokens refuses', () => {
  it.each([undefined, null, 'text', 7, () => {}])('params that are %s', async (params) => {
    await refused(() => keep.gmail.upsertGmailTokens(params as never), 'params');
  });

  const texts = ['userId', 'tenantId', 'accessToken', 'refreshToken', 'scope'] as const;

  describe.each(texts)('%s that is', (argument) => {
    it.each([...notStrings, ...badStrings])('%s', async (_, value) => {
      const params = { ...good(), [argument]: value };
      await refused(() => keep.gmail.upsertGmailTokens(params), argument);
    });

    it('missing', async () => {
      const { [argument]: _, ...params } = good();
      await refused(() => keep.gmail.upsertGmailTokens(params as never), argument);
    });
  });

  it.each(['userId', 'tenantId', 'accessToken'])('%s that is empty', async (argument) => {
    await refused(() => keep.gmail.upsertGmailTokens({ ...good(), [argument]: '' }), argument);
  });

  describe.each(['userId', 'tenantId', 'scope'])('%s that is longer than a KiB:', (argument) => {
    it.each(tooLong)('%s', async (_, value) => {
      const error = await refused(
        () => keep.gmail.upsertGmailTokens({ ...good(), [argument]: value }),
        argument,
      );
      expect(error.message).toContain('1024 bytes');
      expect(error.message.length).toBeLessThan(200);
    });
  });

  it.each(['accessToken', 'refreshToken'])('%s of over 64 KiB, in bytes', async (argument) => {
    for (const value of ['x'.repeat(65_537), '世'.repeat(21_846)]) {
      const params = { ...good(), [argument]: value };
      const error = await refused(() => keep.gmail.upsertGmailTokens(params), argument);
      expect(error.message).not.toContain('xxx');
    }
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a number', 1_900_000_000_000],
    ['a text', '2031-01-01T00:00:00Z'],
    ['an invalid Date', new Date(NaN)],
    ['what only looks like a Date', { getTime: (): number => 0, valueOf: (): number => 0 }],
    ['what calls itself a Date', { [Symbol.toStringTag]: 'Date' }],
    ['earlier than PostgreSQL can store', new Date(-8.64e15)],
    ['a millisecond too early', new Date(-210_866_803_200_001)],
  ])('expiresAt that is %s', async (_, expiresAt) => {
    const params = { ...good(), expiresAt } as never;
    await refused(() => keep.gmail.upsertGmailTokens(params), 'expiresAt');
  });
});

describe('what is just within the limits is stored', () => {
  it.each([
    ['a tenantId of 1,024 bytes', { userId: 'long-tenant', tenantId: 't'.repeat(1_024) }],
    ['a userId of 1,024 bytes', { userId: '世'.repeat(341) + 'x' }],
    ['a scope of 1,024 bytes', { userId: 'long-scope', scope: 's'.repeat(1_024) }],
    ['an access token of 64 KiB', { userId: 'long-access', accessToken: 'x'.repeat(65_536) }],
    ['a refresh token of 64 KiB', { userId: 'long-refresh', refreshToken: 'x'.repeat(65_536) }],
    ['the first day of PostgreSQL', { userId: 'early', expiresAt: new Date(-210_866_803_200_000) }],
    ['a paired surrogate', { userId: 'astral-🗝', accessToken: '\ud83d\udddd' }],
  ])('%s', async (_, other) => {
    const params = { ...good(), ...other };
    await keep.gmail.upsertGmailTokens(params);
    expect(await keep.gmail.getGmailTokenDecrypted(params.userId)).toMatchObject(params);
  });
});

describe('getValidGmailToken refuses a refreshFn that is', () => {
  it.each([
    ['a text', 'refresh'],
    ['an object', {}],
    ['a promise', Promise.resolve({})],
    ['a number', 0],
    ['false', false],
  ])('%s', async (_, refreshFn) => {
    await refused(() => keep.gmail.getValidGmailToken(userId, refreshFn as never), 'refreshFn');
  });

  it('but not one that is left out, as undefined or null', async () => {
    for (const refreshFn of [undefined, null]) {
      const token = await keep.gmail.getValidGmailToken(userId, refreshFn as never);
      expect(token.accessToken).toBeDefined();
    }
  });
});
