/** A statement for several rows, of which one makes it fail: a trigger or a policy chokes on it. */

import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { addDue, refreshedOf } from '../integration/due';
import { inSeconds, SCOPES, useScene } from '../integration/scene';

const scene = useScene();
const query = (sql: string) => scene.database.client.query(sql);
const USERS = 40;

/** An id as somebody's script has left it behind. */
const ODD = 'imported-7';

afterEach(async () => {
  await query('DROP TRIGGER IF EXISTS audit ON integration_tokens; DELETE FROM integration_tokens');
});

async function connect(userId: string, left = 3_600): Promise<void> {
  const token = { ...scene.endpoint.issue(), expiresAt: inSeconds(left), scopes: SCOPES };
  await scene.keep().integration.storeToken(userId, 'acme', token);
}

describe('reads that share a query', () => {
  it('give everybody but its owner their row when a policy fails for one', async () => {
    const users = Array.from({ length: USERS }, () => randomUUID());
    for (const user of [...users, ODD]) await connect(user);
    const role = `held_${scene.database.client.database}`;
    await query(`CREATE ROLE ${role} LOGIN PASSWORD 'role';
      GRANT ALL ON integration_tokens TO ${role};
      ALTER TABLE integration_tokens ENABLE ROW LEVEL SECURITY;
      CREATE POLICY known ON integration_tokens USING (user_id::uuid IS NOT NULL)`);
    const url = new URL(scene.database.url);
    [url.username, url.password] = [role, 'role'];
    const { integration } = scene.keep({ databaseUrl: url.href });
    const call = (user: string) =>
      integration.getValidToken(user, 'acme').then(
        () => 'token',
        (error: Error) => error.name,
      );
    const answers = await Promise.all([...users, ODD].map(call));
    expect(answers).toEqual([...users.map(() => 'token'), 'TenantRequiredError']);
    await query(`DROP POLICY known ON integration_tokens;
      ALTER TABLE integration_tokens DISABLE ROW LEVEL SECURITY;
      DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });
});

describe('refreshExpiring, where a trigger fails for one row', () => {
  const AUDIT = `
    CREATE OR REPLACE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM NEW.user_id::uuid; RETURN NEW; END $$;
    CREATE TRIGGER audit BEFORE UPDATE ON integration_tokens FOR EACH ROW EXECUTE FUNCTION audit()`;

  it('refreshes all others, and counts that one as failed', async () => {
    const users = await addDue(scene, USERS);
    await connect(ODD, 600);
    await query(AUDIT);
    const { integration } = scene.keep();
    const result = await integration.refreshExpiring({ expiresWithin: 900_000 });
    expect(result).toMatchObject({
      refreshed: USERS,
      failed: 1,
      failures: [{ provider: 'acme', code: 'ERR_TOKENKEEP_DATABASE', count: 1 }],
    });
    expect(await refreshedOf(scene, users)).toBe(USERS);
  });

  it('refreshes all others that have failed before, too', async () => {
    await addDue(scene, USERS);
    await connect(ODD, 600);
    await query('UPDATE integration_tokens SET failure_count = 1');
    await query(AUDIT);
    const { integration } = scene.keep();
    const result = await integration.refreshExpiring({ expiresWithin: 900_000 });
    expect(result).toMatchObject({ refreshed: USERS, failed: 1 });
  });
});
