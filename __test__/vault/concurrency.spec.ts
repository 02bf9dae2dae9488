/** Many processes at once: one row a key, and one request an expiry. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { rowsOf } from './rows';
import { useMembers } from './member';
import { useScene } from './scene';

const scene = useScene();
const start = useMembers();

const PROCESSES = 4;
const data = (value: string, identifier?: string) => ({ value, ...(identifier && { identifier }) });

describe('64 callers in 4 processes', () => {
  it('who store the same token leave one row, 200 times, without an identifier', async () => {
    const members = await start(PROCESSES, 'tokenkeep', scene.options());
    for (let round = 0; round < 200; round++) {
      const tenantId = randomUUID();
      const stored = await Promise.all(
        members.map((member, index) =>
          member.calls(16, 'storeToken', tenantId, 'google', 'api_key', data(`${index}`)),
        ),
      );
      const rows = await rowsOf(scene.database, tenantId);
      expect(rows).toHaveLength(1);
      const ids = new Set(stored.flat().map(({ value, failed }) => failed ?? value));
      expect([...ids]).toEqual([rows[0]!.id]);
    }
  });

  it('and with one', async () => {
    const members = await start(PROCESSES, 'tokenkeep', scene.options());
    for (let round = 0; round < 25; round++) {
      const tenantId = randomUUID();
      const stored = await Promise.all(
        members.map((member) =>
          member.calls(16, 'storeToken', tenantId, 'google', 'api_key', data('v', 'account')),
        ),
      );
      expect(stored.flat().filter(({ failed }) => failed)).toEqual([]);
      expect(await rowsOf(scene.database, tenantId)).toHaveLength(1);
    }
  });

  it('leave one row beside old code that inserts at the same time', async () => {
    const members = await start(2, 'tokenkeep', scene.options());
    const old = await start(2, 'old', scene.options());
    for (let round = 0; round < 15; round++) {
      const tenantId = randomUUID();
      const store = [tenantId, 'google', 'api_key', data('v')] as const;
      const [ours, theirs] = await Promise.all([
        Promise.all(members.map((member) => member.calls(16, 'storeToken', ...store))),
        Promise.all(old.map((member) => member.calls(2, 'storeToken', ...store))),
      ]);
      expect(await rowsOf(scene.database, tenantId)).toHaveLength(1);
      expect(ours.flat().filter(({ failed }) => failed)).toEqual([]);
      // The old code looks first and inserts later: that is refused, instead of a second row.
      for (const { failed } of theirs.flat()) {
        if (failed) expect(failed).toContain('token_vault_unique_without_identifier');
      }
    }
  });
});

describe('4 processes with 50 callers each', () => {
  it('refresh an expiry with one request, and all get its token', async () => {
    const members = await start(PROCESSES, 'tokenkeep', scene.options());
    const pair = await scene.pair();
    for (let expiry = 1; expiry <= 3; expiry++) {
      const answers = await Promise.all(
        members.map((member) =>
          member.calls(50, 'getAccessToken', pair.tenantId, 'google', '', 5, { refresh: true }),
        ),
      );
      const values = await scene.values(pair);
      const tokens = answers.flat().map(({ value, failed }) => failed ?? value!.token.value);
      expect(new Set(tokens)).toEqual(new Set([values.accessToken]));
      expect(tokens).toHaveLength(200);
      expect(scene.endpoint.requests).toHaveLength(expiry);
      expect(scene.endpoint.isAlive(values.refreshToken)).toBe(true);
      await scene.database.client.query(
        `UPDATE token_vault SET expires_at = now() - interval '1 minute' WHERE id = $1`,
        [pair.accessId],
      );
    }
  });
});
