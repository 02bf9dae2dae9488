/** last_used_at: who used a token, and when, without being in anybody's way. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { until } from '../helpers/promises';
import { change, insertRow, rowOf, rowsOf } from './rows';
import { useScene } from './scene';

const scene = useScene();

describe('the use of a token', () => {
  it('is written when close() resolves, and the caller gets the one before', async () => {
    const tenantId = randomUUID();
    const id = await insertRow(scene.database, tenantId);
    const keep = scene.keep();
    expect((await keep.vault.getToken(tenantId, 'google', 'access_token'))!.lastUsedAt).toBeNull();
    expect(await keep.close()).toBe(true);
    const { last_used_at, updated_at, created_at } = (await rowOf(scene.database, id))!;
    expect(last_used_at! >= created_at).toBe(true);
    expect(updated_at).toEqual(created_at);
    const token = await scene.keep().vault.getToken(tenantId, 'google', 'access_token');
    expect(token!.lastUsedAt).toEqual(last_used_at);
  });

  it('is one of an invalid, an expired and a refreshed token, too', async () => {
    const tenantId = randomUUID();
    for (const row of [{ isValid: 'false' }, { left: -60 }, { left: 3_600 }]) {
      const identifier = JSON.stringify(row);
      await insertRow(scene.database, tenantId, { ...row, identifier });
      const keep = scene.keep();
      const options = { refresh: 'left' in row && row.left! > 0 };
      await keep.vault.getAccessToken(tenantId, 'google', identifier, 5, options);
      await keep.close();
    }
    for (const row of await rowsOf(scene.database, tenantId)) {
      expect(row.last_used_at, row.identifier!).not.toBeNull();
    }
  });

  it('is written at most once a minute, however often it is used', async () => {
    const tenantId = randomUUID();
    const id = await insertRow(scene.database, tenantId);
    const keep = scene.keep();
    const use = () => keep.vault.getToken(tenantId, 'google', 'access_token');
    await Promise.all(Array.from({ length: 50 }, use));
    await until(async () => (await rowOf(scene.database, id))!.last_used_at);
    const version = async () =>
      (await scene.database.client.query('SELECT xmin FROM token_vault WHERE id = $1', [id]))
        .rows[0].xmin;
    const before = await version();
    for (let count = 0; count < 20; count++) await use();
    await keep.close();
    expect(await version()).toBe(before);
  });

  it('of many tokens is written by few statements', async () => {
    const tenantId = randomUUID();
    const identifiers = Array.from({ length: 60 }, (_, index) => `${index}`);
    await Promise.all(
      identifiers.map((identifier) => insertRow(scene.database, tenantId, { identifier })),
    );
    const keep = scene.keep();
    const use = (identifier: string) =>
      keep.vault.getToken(tenantId, 'google', 'access_token', identifier);
    // Their keys are derived: from here on nothing but the database takes time.
    await Promise.all(identifiers.map(use));
    await keep.close();
    await scene.database.client.query('UPDATE token_vault SET last_used_at = NULL');
    const again = scene.keep();
    await Promise.all(
      identifiers.map((identifier) =>
        again.vault.getToken(tenantId, 'google', 'access_token', identifier),
      ),
    );
    await again.close();
    const { rows } = await scene.database.client.query(
      `SELECT count(*)::int, count(DISTINCT xmin::text)::int AS statements FROM token_vault
       WHERE tenant_id = $1 AND last_used_at IS NOT NULL`,
      [tenantId],
    );
    expect(rows[0].count).toBe(60);
    expect(rows[0].statements).toBeLessThan(30);
  });

  it('never waits for a row that somebody has locked, nor do the others wait with it', async () => {
    const tenantId = randomUUID();
    const locked = await insertRow(scene.database, tenantId, { identifier: 'locked' });
    const free = await insertRow(scene.database, tenantId, { identifier: 'free' });
    const { client } = scene.database;
    await client.query('BEGIN');
    await change(scene.database, locked, `last_error = 'held'`);
    try {
      const keep = scene.keep();
      await Promise.all(
        ['locked', 'free'].map((identifier) =>
          keep.vault.getToken(tenantId, 'google', 'access_token', identifier),
        ),
      );
      expect(await keep.close()).toBe(true);
      expect((await rowOf(scene.database, free))!.last_used_at).not.toBeNull();
    } finally {
      await client.query('ROLLBACK');
    }
    expect((await rowOf(scene.database, locked))!.last_used_at).toBeNull();
  });
});
