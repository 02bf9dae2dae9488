/** Rows of the vault's section of docs/differences.md, on the side of the old vault, too. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createCrypto, createOldVaultService } from '../../../support/old-vault/index.mjs';
import { failureOf } from '../../helpers/promises';
import { SECRET, encrypt, insertRow } from '../../vault/rows';
import { useScene } from '../../vault/scene';
import { until } from '../../helpers/promises';

const scene = useScene();

/** Does something with the old service. */
async function withOld<Result>(
  use: (old: ReturnType<typeof createOldVaultService>['service']) => Promise<Result>,
): Promise<Result> {
  const { service, close } = createOldVaultService({
    databaseUrl: scene.database.url,
    secret: SECRET,
  });
  return use(service).finally(close);
}

describe('a token that is stored while its predecessor is being marked', () => {
  it('is marked by the old vault, and not by tokenkeep', async () => {
    const after = async (call: (tenantId: string) => Promise<unknown>) => {
      const tenantId = randomUUID();
      const id = await insertRow(scene.database, tenantId, { left: -1 });
      const held = await scene.holding(
        id,
        `encrypted_value = '${await encrypt('newer')}', expires_at = now() + interval '1 hour'`,
      );
      const answer = call(tenantId);
      // The old vault waits with its note of the use, too.
      await held.isWaitedFor();
      await until(async () => {
        const { rows } = await scene.database.client.query(
          `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%is_valid%'`,
        );
        return rows.length > 0;
      });
      await held.commit();
      expect(await answer).toBeNull();
      return (await scene.row(id))!.is_valid;
    };
    expect(await withOld((old) => after((id) => old.getAccessToken(id, 'google')))).toBe('false');
    const { vault } = scene.keep();
    expect(await after((id) => vault.getAccessToken(id, 'google'))).toBe('true');
  });
});

describe('a provider that the enum lacks', () => {
  it('is an error of the old vault, and no row of tokenkeep', async () => {
    const read = [randomUUID(), 'nobody' as never, 'api_key'] as const;
    const error = await withOld((old) => failureOf(old.getToken(...read)));
    expect(String(error.cause)).toContain('token_provider');
    expect(await scene.keep().vault.getToken(...read)).toBeNull();
  });
});

describe('a value that does not open', () => {
  it('has several texts in the old vault, and one in tokenkeep, which contains the old one', async () => {
    const { decrypt } = createCrypto(SECRET);
    const sealed = await encrypt('token');
    const texts = ['', 'short', sealed.slice(0, 40), sealed.slice(0, -8)];
    const old = new Set<string>();
    for (const text of texts) old.add((await failureOf(decrypt(text))).message);
    expect(old.size).toBeGreaterThan(1);
    const ours = new Set<string>();
    const { vault } = scene.keep();
    for (const text of texts) {
      const tenantId = randomUUID();
      const id = await insertRow(scene.database, tenantId);
      await scene.database.client.query(
        'UPDATE token_vault SET encrypted_value = $2 WHERE id = $1',
        [id, text],
      );
      ours.add((await failureOf(vault.getToken(tenantId, 'google', 'access_token'))).message);
    }
    expect(ours.size).toBe(1);
    expect([...ours][0]).toContain('Decryption failed: data may be corrupted or tampered');
  });
});
