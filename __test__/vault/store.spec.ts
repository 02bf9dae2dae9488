/** Each method of the vault: what it gives, and what it leaves in the table. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decrypt, insertRow, rowOf } from './rows';
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

  it('sets and clears an expiry only when asked to', async () => {
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
