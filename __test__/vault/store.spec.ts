/** Each method of the vault: what it gives, and what it leaves in the table. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { SchemaError } from '../../dist/index.js';
import { failureOf } from '../helpers/promises';
import { change, decrypt, insertRow, rowOf, rowsOf } from './rows';
import { useScene } from './scene';

const scene = useScene();

const at = (text: string) => new Date(text);

describe('storeToken', () => {
  it('stores what getToken gives back, sealed so that the old vault opens it', async () => {
    const tenantId = randomUUID();
    const { vault } = scene.keep();
    const data = { value: 'EAAG-1', expiresAt: at('2031-02-03T04:05:06.789Z'), identifier: 'waba' };
    const id = await vault.storeToken(tenantId, 'whatsapp', 'access_token', data);
    const row = (await rowOf(scene.database, id))!;
    expect(JSON.stringify(row)).not.toContain('EAAG');
    expect(await decrypt(row.encrypted_value)).toBe('EAAG-1');
    expect(row).toMatchObject({ last_refreshed_at: null, last_error: null, refreshing_at: null });
    const token = await vault.getToken(tenantId, 'whatsapp', 'access_token', 'waba');
    expect(token).toStrictEqual({
      id,
      tenantId,
      provider: 'whatsapp',
      tokenType: 'access_token',
      value: 'EAAG-1',
      identifier: 'waba',
      expiresAt: data.expiresAt,
      isValid: 'true',
      lastUsedAt: null,
    });
    expect(token!.expiresAt).toBeInstanceOf(Date);
    expect(Object.getPrototypeOf(token)).toBe(Object.prototype);
  });

  it('replaces a token: id and first day stay, what was wrong with it is forgotten', async () => {
    const tenantId = randomUUID();
    const row = { left: 60, isValid: 'false', lastError: 'refused' };
    const id = await insertRow(scene.database, tenantId, row);
    const before = (await rowOf(scene.database, id))!;
    const { vault } = scene.keep();
    const data = { value: 'value-2' };
    expect(await vault.storeToken(tenantId, 'google', 'access_token', data)).toBe(id);
    const after = (await rowOf(scene.database, id))!;
    expect(after).toMatchObject({ is_valid: 'true', last_error: null, refreshing_at: null });
    expect(await decrypt(after.encrypted_value)).toBe('value-2');
    expect(after.created_at).toEqual(before.created_at);
    expect(after.updated_at > before.updated_at).toBe(true);
    expect(after.last_refreshed_at).toEqual(after.updated_at);
    // Without an expiry the stored one stays.
    expect(after.expires_at).toEqual(before.expires_at);
  });

  it('sets and clears an expiry only when told', async () => {
    const tenantId = randomUUID();
    const { vault } = scene.keep();
    const expiresAt = at('2031-01-01T00:00:00Z');
    const store = async (data: { expiresAt?: Date | null | undefined }) => {
      const all = { value: 'v', ...data };
      const id = await vault.storeToken(tenantId, 'google', 'api_key', all);
      return (await rowOf(scene.database, id))!.expires_at;
    };
    expect(await store({})).toBeNull();
    expect(await store({ expiresAt })).toEqual(expiresAt);
    expect(await store({ expiresAt: undefined })).toEqual(expiresAt);
    expect(await store({ expiresAt: null })).toBeNull();
  });

  it('keeps tokens of other identifiers, types, providers and tenants apart', async () => {
    const [one, other] = [randomUUID(), randomUUID()];
    const { vault } = scene.keep();
    const keys: [string, string, string, string?][] = [
      [one, 'google', 'access_token', undefined],
      [one, 'google', 'access_token', 'a'],
      [one, 'google', 'access_token', 'A'],
      [one, 'google', 'access_token', ' '],
      [one, 'google', 'access_token', 'NULL'],
      [one, 'google', 'refresh_token', undefined],
      [one, 'google', 'api_key', undefined],
      [one, 'clerk', 'access_token', undefined],
      [other, 'google', 'access_token', undefined],
    ];
    for (const [tenant, provider, type, identifier] of keys) {
      const value = [tenant, provider, type, identifier].join();
      await vault.storeToken(tenant, provider, type, { value, ...(identifier && { identifier }) });
    }
    for (const key of keys) {
      // At once, so that they are read in the same batch.
      const again = await Promise.all(keys.map((key) => vault.getToken(...key)));
      expect(again.map((token) => token!.value)).toEqual(keys.map((key) => key.join()));
      expect((await vault.getToken(...key))!.value).toBe(key.join());
    }
  });

  it("takes '' and null for no identifier", async () => {
    const tenantId = randomUUID();
    const { vault } = scene.keep();
    const id = await vault.storeToken(tenantId, 'google', 'api_key', { value: '1' });
    for (const identifier of ['', null, undefined]) {
      const data = { value: '2', identifier } as never;
      expect(await vault.storeToken(tenantId, 'google', 'api_key', data)).toBe(id);
      const token = await vault.getToken(tenantId, 'google', 'api_key', identifier as never);
      expect(token).toMatchObject({ id, identifier: null });
    }
  });

  it('stores an empty value', async () => {
    const tenantId = randomUUID();
    const { vault } = scene.keep();
    await vault.storeToken(tenantId, 'google', 'api_key', { value: '' });
    expect((await vault.getToken(tenantId, 'google', 'api_key'))!.value).toBe('');
  });
});

describe('getToken and getRefreshToken', () => {
  it('give null where there is none', async () => {
    const { vault } = scene.keep();
    expect(await vault.getToken(randomUUID(), 'google', 'access_token')).toBeNull();
    expect(await vault.getRefreshToken(randomUUID(), 'google', 'a')).toBeNull();
    expect(await vault.getAccessToken(randomUUID(), 'google')).toBeNull();
  });

  it('give invalid and expired tokens too, as they are', async () => {
    const tenantId = randomUUID();
    const refresh = { tokenType: 'refresh_token', isValid: 'false', left: -60, value: 'r' };
    const id = await insertRow(scene.database, tenantId, refresh);
    const { vault } = scene.keep();
    const token = await vault.getRefreshToken(tenantId, 'google');
    expect(token).toMatchObject({ id, value: 'r', isValid: 'false', expiresAt: expect.any(Date) });
    const same = await vault.getToken(tenantId, 'google', 'refresh_token');
    expect({ ...same, lastUsedAt: null }).toEqual(token);
  });
});

describe('markTokenInvalid', () => {
  it('keeps the value, and says why', async () => {
    const tenantId = randomUUID();
    const id = await insertRow(scene.database, tenantId);
    const before = (await rowOf(scene.database, id))!;
    const { vault } = scene.keep();
    expect(await vault.markTokenInvalid(id, 'Request failed: 401')).toBeUndefined();
    const after = (await rowOf(scene.database, id))!;
    const changed = { is_valid: 'false', last_error: 'Request failed: 401' };
    expect(after).toEqual({ ...before, ...changed, updated_at: expect.any(Date) });
    expect(after.updated_at > before.updated_at).toBe(true);
    expect(await vault.getAccessToken(tenantId, 'google')).toBeNull();
    expect(await vault.markTokenInvalid(randomUUID(), 'nobody')).toBeUndefined();
  });
});

describe('deleteToken and deleteProviderTokens', () => {
  it('delete what they are told, and nothing else', async () => {
    const [tenantId, other] = [randomUUID(), randomUUID()];
    const { vault } = scene.keep();
    const gone = await insertRow(scene.database, tenantId);
    for (const row of [
      { tokenType: 'refresh_token' },
      { identifier: 'a' },
      { provider: 'clerk' },
    ]) {
      await insertRow(scene.database, tenantId, row);
    }
    await insertRow(scene.database, other);
    expect(await vault.deleteToken(gone)).toBeUndefined();
    expect(await vault.deleteToken(gone)).toBeUndefined();
    expect(await rowsOf(scene.database, tenantId)).toHaveLength(3);
    expect(await vault.deleteProviderTokens(tenantId, 'google')).toBeUndefined();
    expect(await vault.deleteProviderTokens(tenantId, 'a provider of nobody')).toBeUndefined();
    expect(await rowsOf(scene.database, tenantId)).toMatchObject([{ provider: 'clerk' }]);
    expect(await rowsOf(scene.database, other)).toHaveLength(1);
  });
});

describe('findExpiringTokens', () => {
  it('gives valid access tokens that expire soon or have expired, as four plain fields', async () => {
    await scene.database.client.query('DELETE FROM token_vault');
    const tenantId = randomUUID();
    const { vault } = scene.keep();
    expect(await vault.findExpiringTokens(10)).toEqual([]);
    const insert = (row: object) => insertRow(scene.database, tenantId, row);
    await insert({ identifier: 'soon', left: 300 });
    await insert({ identifier: 'expired', left: -300 });
    await insert({ identifier: 'later', left: 3_600 });
    await insert({ identifier: 'never', left: null });
    await insert({ identifier: 'invalid', left: 300, isValid: 'false' });
    await insert({ identifier: 'unknown', left: 300, isValid: 'unknown' });
    await insert({ identifier: 'other type', left: 300, tokenType: 'refresh_token' });
    await insert({ provider: 'whatsapp', left: 300 });
    const google = { tenantId, provider: 'google', tokenType: 'access_token' };
    const found = await vault.findExpiringTokens(10, 'google');
    expect(found.sort((a, b) => (a.identifier! < b.identifier! ? -1 : 1))).toStrictEqual([
      { ...google, identifier: 'expired' },
      { ...google, identifier: 'soon' },
    ]);
    expect(await vault.findExpiringTokens(10)).toHaveLength(3);
    expect(await vault.findExpiringTokens(120)).toHaveLength(4);
    expect(await vault.findExpiringTokens(1e300)).toHaveLength(4);
    expect(await vault.findExpiringTokens(-10)).toEqual([]);
    expect(await vault.findExpiringTokens(10, 'a provider of nobody')).toEqual([]);
  });
});

describe('a value that the enum lacks', () => {
  it('is an error with the statement to run, after which it works', async () => {
    const tenantId = randomUUID();
    const { vault } = scene.keep();
    const store = () => vault.storeToken(tenantId, "o'clock", 'id_token', { value: 'v' });
    for (const name of ["token_provider ADD VALUE 'o''clock'", "token_type ADD VALUE 'id_token'"]) {
      const error = await failureOf(store());
      expect(error).toBeInstanceOf(SchemaError);
      const [statement] = /ALTER TYPE .*$/.exec(error.message)!;
      expect(statement).toContain(name);
      await scene.database.client.query(statement);
    }
    const id = await store();
    expect(await vault.getToken(tenantId, "o'clock", 'id_token')).toMatchObject({ id });
  });

  it('is null in a read, and spoils nobody else who reads at the same time', async () => {
    const tenantId = randomUUID();
    await insertRow(scene.database, tenantId);
    const { vault } = scene.keep();
    const calls = Array.from({ length: 40 }, (_, index) =>
      index % 2
        ? vault.getToken(tenantId, 'nobody', index % 3 ? 'access_token' : 'no_such_type')
        : vault.getToken(tenantId, 'google', 'access_token'),
    );
    for (const [index, token] of (await Promise.all(calls)).entries()) {
      if (index % 2) expect(token).toBeNull();
      else expect(token).toMatchObject({ tenantId });
    }
    expect(await vault.getAccessToken(tenantId, 'nobody', undefined, 5, { refresh: true })).toBe(
      null,
    );
  });
});

describe('a value that does not open', () => {
  it('is an error of its own callers only, and no row is touched', async () => {
    const [tenantId, other] = [randomUUID(), randomUUID()];
    const id = await insertRow(scene.database, tenantId, { left: -60 });
    await insertRow(scene.database, other);
    await change(scene.database, id, `encrypted_value = 'EAAG-plaintext'`);
    const before = await rowsOf(scene.database, tenantId);
    const { vault } = scene.keep();
    const [bad, good] = await Promise.allSettled([
      vault.getAccessToken(tenantId, 'google'),
      vault.getAccessToken(other, 'google'),
    ]);
    expect(good).toMatchObject({ status: 'fulfilled' });
    expect(bad).toMatchObject({ status: 'rejected', reason: { name: 'DecryptionError' } });
    await scene.close();
    const [after] = await rowsOf(scene.database, tenantId);
    expect(after).toEqual({ ...before[0], last_used_at: after!.last_used_at });
    await scene.open();
  });
});
