/**
 * On a direct connection a read for a tenant is one statement, which sets the tenant before it reads. A policy
 * may look at the tenant earlier, while the statement is planned.
 */

import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { TokenKeep, TokenKeepOptions } from '../../dist/index.js';
import { startPostgresProxy } from '../../support/postgres-proxy.mjs';
import { params } from '../helpers/rows';
import { A, B, instance, type Roles, rolesDatabase } from './roles';

let database: Roles;
let proxy: Awaited<ReturnType<typeof startPostgresProxy>>;
let keep: TokenKeep | undefined;
beforeAll(async () => {
  database = await rolesDatabase();
  proxy = await startPostgresProxy(database.plainUrl);
  const owner = instance(database.bypassUrl);
  for (const tenant of [A, B]) {
    await owner.gmail.upsertGmailTokens(
      params(`user-${tenant}`, { tenantId: tenant, expiresAt: new Date('2031-01-01') }),
    );
  }
  await owner.close();
});
afterEach(async () => {
  await keep?.close();
  keep = undefined;
});
afterAll(async () => {
  await proxy.close();
  await database.drop();
});

function open(options: TokenKeepOptions = {}): TokenKeep {
  keep = instance(proxy.url, { maxConnections: 1, ...options });
  return keep;
}

/** The texts of what a read of A's user by A sends, after one that has prepared it. */
async function sent(of: TokenKeep): Promise<string[]> {
  const read = () => of.forTenant(A).gmail.getGmailTokenDecrypted(`user-${A}`);
  await read();
  proxy.statements.length = 0;
  expect(await read()).toMatchObject({ tenantId: A });
  return proxy.statements.map(({ sql }) => sql.slice(0, 12));
}

it('is one prepared statement', async () => {
  expect(await sent(open())).toEqual(['SELECT found']);
  expect(proxy.statements[0]).toMatchObject({ prepared: true });
});

it('is a transaction where statements are not prepared', async () => {
  expect(await sent(open({ preparedStatements: false }))).toEqual(['SELECT user_']);
});

it('shows a tenant nothing of another, and leaves nothing behind for who names none', async () => {
  const plain = open();
  for (let round = 0; round < 3; round++) {
    expect(await plain.forTenant(A).gmail.hasActiveGmailConnection(`user-${A}`)).toBe(true);
    expect(await plain.forTenant(A).gmail.hasActiveGmailConnection(`user-${B}`)).toBe(false);
    expect(await plain.forTenant(B).gmail.hasActiveGmailConnection(`user-${B}`)).toBe(true);
    await expect(plain.gmail.hasActiveGmailConnection(`user-${A}`)).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_TENANT_REQUIRED',
    });
  }
});

it('asks no policy that fails without a tenant while it plans more than once', async () => {
  const { client } = database;
  await client.query(`
    ALTER TABLE gmail_tokens ADD COLUMN tenant uuid;
    UPDATE gmail_tokens SET tenant = tenant_id::uuid;
    CREATE INDEX ON gmail_tokens (tenant);
    CREATE POLICY strict ON gmail_tokens AS RESTRICTIVE
      USING (tenant = current_setting('app.current_tenant_id')::uuid);
    ANALYZE gmail_tokens`);
  expect(await sent(open())).toEqual(['SELECT user_']);
  expect(await keep!.forTenant(B).gmail.hasActiveGmailConnection(`user-${B}`)).toBe(true);
  await client.query('DROP POLICY strict ON gmail_tokens');
});

it('finds the row in a partition that is chosen by the tenant before it is set', async () => {
  const { client } = database;
  await client.query(`
    ALTER TABLE gmail_tokens RENAME TO gmail_tokens_whole;
    CREATE TABLE gmail_tokens (LIKE gmail_tokens_whole) PARTITION BY LIST (tenant_id);
    CREATE TABLE gmail_a PARTITION OF gmail_tokens FOR VALUES IN ('${A}');
    CREATE TABLE gmail_b PARTITION OF gmail_tokens FOR VALUES IN ('${B}');
    INSERT INTO gmail_tokens SELECT * FROM gmail_tokens_whole;
    ALTER TABLE gmail_tokens ENABLE ROW LEVEL SECURITY;
    CREATE POLICY tenant ON gmail_tokens
      USING (tenant_id = current_setting('app.current_tenant_id', true));
    GRANT SELECT ON gmail_tokens TO PUBLIC`);
  expect((await sent(open())).length).toBeLessThan(3);
  expect(await keep!.forTenant(B).gmail.hasActiveGmailConnection(`user-${B}`)).toBe(true);
  expect(await keep!.forTenant(B).gmail.hasActiveGmailConnection(`user-${A}`)).toBe(false);
});
