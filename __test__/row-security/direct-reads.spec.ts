/**
 * On a direct connection the session itself gets a tenant for each read, and none in the end. What is left of one
 * would show rows to another.
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

/** What a read of A's user by A sends, after one that has prepared it. */
async function sent(of: TokenKeep) {
  const read = () => of.forTenant(A).gmail.getGmailTokenDecrypted(`user-${A}`);
  await read();
  proxy.statements.length = 0;
  expect(await read()).toMatchObject({ tenantId: A });
  return proxy.statements.map(({ sql, prepared, parameters }) => ({
    sql: sql.slice(0, 12),
    prepared,
    parameters: sql.includes('set_config') ? parameters : [],
  }));
}

const set = (tenant: string) => ({
  sql: 'SELECT set_c',
  prepared: true,
  parameters: ['app.current_tenant_id', tenant],
});

it('sends prepared statements, and no transaction', async () => {
  expect(await sent(open())).toEqual([
    set(A),
    { sql: 'SELECT user_', prepared: true, parameters: [] },
    set(''),
  ]);
});

it('is a transaction where statements are not prepared', async () => {
  expect(await sent(open({ preparedStatements: false }))).toEqual([
    { sql: 'SELECT user_', prepared: false, parameters: [] },
  ]);
});

it('shows a tenant nothing of another, and leaves nothing behind for who names none', async () => {
  const plain = open();
  for (let round = 0; round < 3; round++) {
    const is = (tenant: string, user: string) =>
      plain.forTenant(tenant).gmail.hasActiveGmailConnection(`user-${user}`);
    expect(await Promise.all([is(A, A), is(A, B), is(B, A), is(B, B)])).toEqual([
      true,
      false,
      false,
      true,
    ]);
    await expect(plain.gmail.hasActiveGmailConnection(`user-${A}`)).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_TENANT_REQUIRED',
    });
  }
});

it.each(['never-before', 'never-after', 'cut-after'] as const)(
  'whose answer does not come (%s) leaves nothing behind either',
  async (action) => {
    const plain = open({ statementTimeoutMs: 300, lockTimeoutMs: 200 });
    const ofA = plain.forTenant(A).gmail;
    await ofA.hasActiveGmailConnection(`user-${A}`);
    let isDone = false;
    proxy.rule = (unit) => {
      if (isDone || !unit.sql.startsWith('SELECT user_')) return undefined;
      isDone = true;
      return { do: action };
    };
    await expect(ofA.hasActiveGmailConnection(`user-${A}`)).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_DATABASE',
    });
    proxy.rule = undefined;
    await expect(plain.gmail.hasActiveGmailConnection(`user-${A}`)).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_TENANT_REQUIRED',
    });
  },
);

it('works with a policy that fails without a tenant', async () => {
  const { client } = database;
  await client.query(`
    ALTER TABLE gmail_tokens ADD COLUMN tenant uuid;
    UPDATE gmail_tokens SET tenant = tenant_id::uuid;
    CREATE INDEX ON gmail_tokens (tenant);
    CREATE POLICY strict ON gmail_tokens AS RESTRICTIVE
      USING (tenant = current_setting('app.current_tenant_id')::uuid);
    ANALYZE gmail_tokens`);
  const plain = open();
  for (const tenant of [A, B, A]) {
    expect(await plain.forTenant(tenant).gmail.hasActiveGmailConnection(`user-${tenant}`)).toBe(
      true,
    );
  }
  await client.query('DROP POLICY strict ON gmail_tokens');
});
