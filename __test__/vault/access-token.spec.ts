/** getAccessToken without refreshing: what counts as valid, and what happens to what has expired. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../helpers/promises';
import { type NewRow, encrypt, insertRow, rowOf } from './rows';
import { useScene } from './scene';

const scene = useScene();

async function call(row: NewRow, buffer?: number) {
  const tenantId = randomUUID();
  const id = await insertRow(scene.database, tenantId, row);
  const { vault } = scene.keep();
  const answer = await vault.getAccessToken(tenantId, 'google', undefined, buffer);
  return { id, tenantId, answer, row: (await rowOf(scene.database, id))! };
}

describe('an access token', () => {
  it('is given with whether it should be refreshed', async () => {
    const { answer, id } = await call({ value: 'ya29', left: 3_600 });
    expect(answer).toStrictEqual({
      token: {
        id,
        tenantId: expect.any(String),
        provider: 'google',
        tokenType: 'access_token',
        value: 'ya29',
        identifier: null,
        expiresAt: expect.any(Date),
        isValid: 'true',
        lastUsedAt: null,
      },
      needsRefresh: false,
    });
  });

  it.each<[NewRow, number | undefined, boolean]>([
    [{ left: 240 }, undefined, true],
    [{ left: 360 }, undefined, false],
    [{ left: 360 }, 10, true],
    [{ left: 30 }, 0, false],
    [{ left: 30 }, 0.25, false],
    [{ left: 30 }, 1, true],
    [{ left: 30 }, -1, false],
    [{ left: 3_600 }, Infinity, true],
    [{ left: null }, Infinity, false],
    [{ left: 3_600, isValid: 'unknown' }, undefined, false],
  ])('%o with a buffer of %s minutes: needsRefresh is %s', async (row, buffer, needsRefresh) => {
    const { answer } = await call(row, buffer);
    expect(answer).toMatchObject({ needsRefresh, token: { isValid: row.isValid ?? 'true' } });
  });

  it.each(['Token expired', null, 'tokenkeep:invalid_grant'])(
    'that is invalid (%s) is null, and stays as it is',
    async (lastError) => {
      const { answer, row } = await call({ isValid: 'false', lastError });
      expect(answer).toBeNull();
      expect(row).toMatchObject({ is_valid: 'false', last_error: lastError });
    },
  );

  it('that has expired is null, and marked', async () => {
    for (const isValid of ['true', 'unknown']) {
      const { answer, row } = await call({ left: -1, isValid });
      expect(answer).toBeNull();
      expect(row).toMatchObject({ is_valid: 'false', last_error: 'Token expired' });
      expect(row.updated_at > row.created_at).toBe(true);
    }
  });

  it('that is stored while its predecessor is being marked is not marked', async () => {
    const tenantId = randomUUID();
    const id = await insertRow(scene.database, tenantId, { left: -1 });
    const { vault } = scene.keep();
    const held = await scene.holding(
      id,
      `encrypted_value = '${await encrypt('newer')}', expires_at = now() + interval '1 hour'`,
    );
    // It has read the old value, and waits for the row.
    const answer = vault.getAccessToken(tenantId, 'google');
    await held.isWaitedFor();
    await held.commit();
    expect(await answer).toBeNull();
    expect(await rowOf(scene.database, id)).toMatchObject({ is_valid: 'true', last_error: null });
    expect(await vault.getAccessToken(tenantId, 'google')).toMatchObject({
      token: { value: 'newer' },
    });
  });

  it('is not asked for with a buffer that is no number', async () => {
    const { vault } = scene.keep();
    for (const buffer of [NaN, '5', null]) {
      const call = vault.getAccessToken(randomUUID(), 'google', undefined, buffer as never);
      expect(await failureOf(call)).toMatchObject({
        name: 'InvalidArgumentError',
        argument: 'refreshBufferMinutes',
      });
    }
  });
});
