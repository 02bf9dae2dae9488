/** Values that the enums lack, and values that do not open. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { SchemaError } from '../../dist/index.js';
import { failureOf } from '../helpers/promises';
import { change, insertRow, rowsOf } from './rows';
import { useScene } from './scene';

const scene = useScene();

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
