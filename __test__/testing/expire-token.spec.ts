/** A token that expireToken has missed would be returned as it is, and a test would hang on it. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { NotConnectedError, type TokenKeep } from '../../dist/index.js';
import {
  type StoredTokenKey,
  type TestDatabase,
  type TokenEndpoint,
  expireToken,
  startTestDatabase,
  startTokenEndpoint,
} from '../../dist/testing/index.js';
import { keepFor } from './instance';
import { storeCases } from './stores';

let database: TestDatabase;
let endpoint: TokenEndpoint;
let keep: TokenKeep;

beforeAll(async () => {
  database = await startTestDatabase({ server: inject('databaseUrl') });
  endpoint = await startTokenEndpoint();
  keep = keepFor(database, endpoint);
});
afterAll(async () => {
  await keep?.close();
  await endpoint?.stop();
  await database?.stop();
});

const userId = randomUUID();
const inAnHour = () => new Date(Date.now() + 3_600_000);

describe.each(storeCases(userId))('$name', ({ key, store, valid }) => {
  it('refreshes at the next call, and not before', async () => {
    const issued = endpoint.issue();
    await store(keep, inAnHour(), issued);
    expect(await valid(keep)).toBe(issued.accessToken);
    const family = endpoint.familyOf(issued.refreshToken)!;
    expect(family.exchanges).toEqual([]);
    await expireToken(database.url, key);
    const refreshed = await valid(keep);
    expect(refreshed).not.toBe(issued.accessToken);
    expect(endpoint.familyOfAccess(refreshed!)).toBe(family);
    expect(family.exchanges).toHaveLength(1);
  });

  it('says that nothing is stored under a key', async () => {
    const nobody = Object.hasOwn(key, 'userId')
      ? { ...key, userId: randomUUID() }
      : { ...key, provider: 'clerk' };
    const expiring = expireToken(database.url, nobody as StoredTokenKey);
    await expect(expiring).rejects.toThrow(NotConnectedError);
  });
});

it('finds the table in the schema that the URL names', async () => {
  const url = new URL(database.url);
  url.searchParams.set('schema', 'app');
  const expiring = expireToken(url.href, { store: 'gmail', userId });
  await expect(expiring).rejects.toThrow(/"app.gmail_tokens" does not exist|app\.gmail_tokens/);
});
