/** What marks, deletes and finds tokens. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { insertRow, rowOf, rowsOf } from './rows';
import { useScene } from './scene';

const scene = useScene();

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
  it('delete what they are asked to, and nothing else', async () => {
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

  it('gives any number of them', async () => {
    const tenantId = randomUUID();
    await scene.database.client.query(
      `INSERT INTO token_vault (tenant_id, provider, token_type, identifier, encrypted_value, expires_at)
       SELECT $1, 'clerk', 'access_token', n || ' ✓', '', now() FROM generate_series(1, 5000) AS n`,
      [tenantId],
    );
    const found = await scene.keep().vault.findExpiringTokens(10, 'clerk');
    const all = { tenantId, provider: 'clerk', tokenType: 'access_token' };
    found.sort((a, b) => parseInt(a.identifier!, 10) - parseInt(b.identifier!, 10));
    expect(found).toStrictEqual(
      Array.from({ length: 5_000 }, (_, n) => ({ ...all, identifier: `${n + 1} ✓` })),
    );
  });
});
