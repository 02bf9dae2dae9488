/** A table that lacks the column and the index: as old code has made it. */

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type TokenKeep, createTokenKeep } from '../../dist/index.js';
import { schema } from '../../support/old-vault/index.mjs';
import { type TestDatabase, emptyDatabase } from '../helpers/database';
import { failureOf } from '../helpers/promises';
import { makeTables, migrateOn } from '../helpers/tables';
import { SECRET, change, insertRow, rowsOf } from './rows';

let database: TestDatabase;
let keep: TokenKeep;
beforeAll(async () => {
  database = await emptyDatabase();
  await makeTables(database, schema);
});
afterAll(() => database.drop());
beforeEach(() => {
  keep = createTokenKeep({ databaseUrl: database.url, encryptionSecret: SECRET });
});
afterEach(() => keep.close());

async function newTenant(): Promise<string> {
  const id = randomUUID();
  await database.client.query(`INSERT INTO tenants VALUES ($1, 'One')`, [id]);
  return id;
}

describe('a table that was not migrated', () => {
  it('is written and read by every method', async () => {
    const tenantId = await newTenant();
    const { vault } = keep;
    for (const identifier of [undefined, 'a']) {
      const key = [tenantId, 'google', 'access_token'] as const;
      const data = {
        expiresAt: new Date('2031-01-01T00:00:00Z'),
        ...(identifier && { identifier }),
      };
      const id = await vault.storeToken(...key, { value: '1', ...data });
      const again = { value: '2', ...(identifier && { identifier }) };
      expect(await vault.storeToken(...key, again)).toBe(id);
      const token = { id, value: '2', expiresAt: data.expiresAt, isValid: 'true' };
      expect(await vault.getToken(...key, identifier)).toMatchObject(token);
      expect(await vault.getAccessToken(tenantId, 'google', identifier)).toMatchObject({ token });
      await vault.markTokenInvalid(id, 'e');
      expect(await vault.getAccessToken(tenantId, 'google', identifier)).toBeNull();
      expect(await vault.storeToken(...key, again)).toBe(id);
      expect(await vault.findExpiringTokens(1e8)).toHaveLength(1);
      await vault.deleteToken(id);
      expect(await vault.getToken(...key, identifier)).toBeNull();
    }
    await vault.storeToken(tenantId, 'google', 'refresh_token', { value: 'r' });
    await vault.deleteProviderTokens(tenantId, 'google');
    expect(await vault.getRefreshToken(tenantId, 'google')).toBeNull();
  });

  it('gives a token that needs no refresh, and says what is missing to one that does', async () => {
    const tenantId = await newTenant();
    const id = await insertRow(database, tenantId, { value: 'fresh' });
    await insertRow(database, tenantId, { tokenType: 'refresh_token' });
    const refreshFn = () => expect.fail('must not be called');
    const call = () =>
      keep.vault.getAccessToken(tenantId, 'google', '', 5, { refresh: true, refreshFn });
    expect(await call()).toMatchObject({ token: { id, value: 'fresh' }, needsRefresh: false });
    await change(database, id, `expires_at = now() - interval '1 minute'`);
    const error = await failureOf(call());
    expect(error).toMatchObject({ name: 'SchemaError', code: 'ERR_TOKENKEEP_SCHEMA' });
    expect(error.message).toContain('npx tokenkeep migrate --store vault');
  });

  it('with the same token twice, as old code may have left it, is read and written', async () => {
    const tenantId = await newTenant();
    await insertRow(database, tenantId, { value: 'older' });
    const newer = await insertRow(database, tenantId, { value: 'newer' });
    const key = [tenantId, 'google', 'access_token'] as const;
    const both = () => Promise.all([keep.vault.getToken(...key), keep.vault.getToken(...key)]);
    for (const token of await both()) expect(token).toMatchObject({ id: newer, value: 'newer' });
    await keep.vault.storeToken(...key, { value: 'newest' });
    for (const token of await both()) expect(token).toMatchObject({ value: 'newest' });
    await keep.vault.deleteProviderTokens(tenantId, 'google');
    expect(await rowsOf(database, tenantId)).toEqual([]);
  });

  it('of a tenant whom nobody knows is an error that prints no row', async () => {
    const call = keep.vault.storeToken(randomUUID(), 'google', 'api_key', { value: 'v' });
    const error = await failureOf(call);
    expect(error).toMatchObject({ name: 'DatabaseError', sqlstate: '23503' });
  });

  it('is migrated while it is used', async () => {
    const tenantId = await newTenant();
    await keep.vault.storeToken(tenantId, 'google', 'api_key', { value: '1' });
    await migrateOn(database, { stores: ['vault'] });
    await keep.vault.storeToken(tenantId, 'google', 'api_key', { value: '2' });
    expect(await keep.vault.getToken(tenantId, 'google', 'api_key')).toMatchObject({ value: '2' });
    expect(await rowsOf(database, tenantId)).toHaveLength(1);
  });
});
