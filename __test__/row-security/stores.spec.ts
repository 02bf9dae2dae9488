/** What is more than one row, or not the caller's own turn: also there a tenant is kept to. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type TokenKeep, type TokenKeepOptions, withTenant } from '../../dist/index.js';
import { startGoogle } from '../../support/google.mjs';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { KEY, OTHER_KEY } from '../helpers/database';
import { until } from '../helpers/promises';
import { Visitor } from '../http/visitor';
import { A, B, instance, type Roles, rolesDatabase } from './roles';

let database: Roles;
let provider: Awaited<ReturnType<typeof startTokenEndpoint>>;
const open: TokenKeep[] = [];
beforeAll(async () => {
  database = await rolesDatabase();
  provider = await startTokenEndpoint();
});
afterAll(async () => {
  await provider.close();
  await database.drop();
});
afterEach(async () => {
  provider.requests.length = 0;
  await Promise.all(open.splice(0).map((keep) => keep.close({ timeoutMs: 1_000 })));
});

function keepAs(url: string, options: TokenKeepOptions = {}): TokenKeep {
  const acme = { tokenUrl: provider.url, clientId: 'client', clientSecret: 'secret' };
  const keep = instance(url, { googleTokenUrl: provider.url, providers: { acme }, ...options });
  open.push(keep);
  return keep;
}

const REQUIRED = { code: 'ERR_TOKENKEEP_TENANT_REQUIRED' };
const soon = () => new Date(Date.now() + 30_000);
const query = async (sql: string) => (await database.client.query(sql)).rows;

it('refreshExpiring refreshes the rows of its tenant alone', async () => {
  const keep = keepAs(database.plainUrl);
  for (const tenant of [A, B]) {
    for (const user of ['one', 'two']) {
      const token = { ...provider.issue(), expiresAt: soon() };
      await keep.forTenant(tenant).integration.storeToken(`${user}-${tenant}`, 'acme', token);
    }
  }
  await expect(keep.integration.refreshExpiring({ expiresWithin: 60_000 })).rejects.toMatchObject(
    REQUIRED,
  );
  const run = keep.forTenant(A).integration.refreshExpiring({ expiresWithin: 60_000 });
  expect(await run).toMatchObject({ refreshed: 2, failed: 0, revoked: 0, skipped: [] });
  const due = await query(
    `SELECT DISTINCT tenant_id FROM integration_tokens WHERE expires_at < now() + interval '1 minute'`,
  );
  expect(due).toEqual([{ tenant_id: B }]);
});

it('rotate seals the rows of its tenant alone', async () => {
  const keep = keepAs(database.plainUrl);
  for (const tenantId of [A, B]) {
    const tokens = { ...provider.issue(), expiresAt: soon(), scope: '' };
    const row = { userId: `rotated-${tenantId}`, tenantId, ...tokens };
    await keep.forTenant(tenantId).gmail.upsertGmailTokens(row);
  }
  const both = keepAs(database.plainUrl, { gmailEncryptionKey: `2:${OTHER_KEY},1:${KEY}` });
  await expect(both.rotate({ store: 'gmail' })).rejects.toMatchObject(REQUIRED);
  await both.forTenant(A).rotate({ store: 'gmail' });
  const versions = await query(
    `SELECT tenant_id, key_version FROM gmail_tokens WHERE user_id LIKE 'rotated-%' ORDER BY 1`,
  );
  expect(versions).toEqual([
    { tenant_id: A, key_version: 2 },
    { tenant_id: B, key_version: 1 },
  ]);
});

describe('vault', () => {
  it('refreshes, and notes uses, for the tenant that asks', async () => {
    const keep = keepAs(database.plainUrl, { maxConnections: 2 });
    for (const tenant of [A, B]) {
      const vault = keep.forTenant(tenant).vault;
      const { accessToken, refreshToken } = provider.issue();
      const expiresAt = new Date(Date.now() - 1_000);
      await vault.storeToken(tenant, 'google', 'access_token', { value: accessToken, expiresAt });
      await vault.storeToken(tenant, 'google', 'refresh_token', { value: refreshToken });
    }
    const refreshed = await Promise.all(
      [A, B].map((tenant) =>
        withTenant(tenant, () =>
          keep.vault.getAccessToken(tenant, 'google', undefined, 5, { refresh: true }),
        ),
      ),
    );
    expect(refreshed.map((answer) => answer!.needsRefresh)).toEqual([false, false]);
    expect(provider.requests).toHaveLength(2);
    await until(async () => {
      const unused = await query(
        `SELECT FROM token_vault WHERE token_type = 'access_token' AND last_used_at IS NULL`,
      );
      return unused.length === 0;
    });
  });

  it('finds the expiring tokens of its tenant alone', async () => {
    const keep = keepAs(database.plainUrl);
    for (const tenant of [A, B]) {
      const token = { value: 'v', identifier: 'soon', expiresAt: soon() };
      await keep.forTenant(tenant).vault.storeToken(tenant, 'google', 'access_token', token);
    }
    const found = await keep.forTenant(A).vault.findExpiringTokens(1, 'google');
    expect(found.map((key) => key.tenantId)).toEqual([A]);
    await expect(keep.vault.findExpiringTokens(1)).rejects.toMatchObject(REQUIRED);
  });
});

it('a policy that fails without a tenant is distinguished from a database that fails', async () => {
  const keep = keepAs(database.plainUrl, { maxConnections: 1 });
  await database.client.query(`ALTER POLICY tenant ON integration_tokens
    USING (tenant_id::uuid = current_setting('app.current_tenant_id', true)::uuid)`);
  try {
    // Once a transaction has set it, the setting is there, and empty.
    await keep.forTenant(A).integration.getToken('nobody', 'acme');
    await expect(keep.integration.getToken('nobody', 'acme')).rejects.toMatchObject(REQUIRED);
    await expect(
      keep.forTenant('no uuid').integration.getToken('nobody', 'acme'),
    ).rejects.toMatchObject({ code: 'ERR_TOKENKEEP_DATABASE', sqlstate: '22P02' });
    // In one round trip with others it fails alone.
    const tenants = [A, 'no uuid', B, 'none either', A];
    const reads = tenants.map((tenant) =>
      keep.forTenant(tenant).integration.getToken(`nobody of ${tenant}`, 'acme'),
    );
    const outcomes = (await Promise.allSettled(reads)).map((outcome) => outcome.status);
    expect(outcomes).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled']);
  } finally {
    await database.client.query(`ALTER POLICY tenant ON integration_tokens
      USING (tenant_id = current_setting('app.current_tenant_id', true))`);
  }
});

it('reads of many tenants that take too long leave nobody waiting at the server', async () => {
  const keep = keepAs(database.plainUrl, { statementTimeoutMs: 500, maxConnections: 3 });
  await keep.forTenant(A).gmail.hasActiveGmailConnection('nobody');
  await database.client.query('BEGIN; LOCK TABLE gmail_tokens IN ACCESS EXCLUSIVE MODE');
  const waiting = async () => {
    await query('SELECT pg_stat_clear_snapshot()');
    const rows = await query(`SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`);
    return rows.length;
  };
  const reads = [...Array(48).keys()].map((tenant) =>
    keep.forTenant(`tenant-${tenant}`).gmail.hasActiveGmailConnection('nobody'),
  );
  const settled = Promise.allSettled(reads);
  await until(async () => (await waiting()) > 0);
  const retryable = (await settled).map(
    (outcome) => outcome.status === 'rejected' && outcome.reason.retryable,
  );
  expect(new Set(retryable)).toEqual(new Set([true]));
  await until(async () => (await waiting()) === 0);
  await database.client.query('ROLLBACK');
});

it('who is not there for a tenant keeps the account that another knows', async () => {
  const keep = keepAs(database.plainUrl);
  const token = { ...provider.issue(), expiresAt: soon() };
  await keep.forTenant(A).integration.storeToken('whose', 'google', token);
  await query(`INSERT INTO tokenkeep.oauth_account (target_schema, store, key, subject)
    VALUES ('', 'integration', 'whose', 'the account of A')`);
  expect(await keep.forTenant(B).integration.revoke('whose', 'google')).toBe(false);
  const left = await query(`SELECT subject FROM tokenkeep.oauth_account WHERE key = 'whose'`);
  expect(left).toEqual([{ subject: 'the account of A' }]);
});

describe('connecting', () => {
  const redirectUri = 'https://app.example/auth/google/callback';

  it('ends in the tenant that it was begun in, wherever the browser comes back', async () => {
    const google = await startGoogle({ redirectUri });
    try {
      const keep = keepAs(database.plainUrl, {
        googleClientId: google.clientId,
        googleClientSecret: google.clientSecret,
        googleAuthorizationUrl: google.authorizationUrl,
        googleTokenUrl: google.tokenUrl,
        googleRevocationUrl: google.revocationUrl,
        googleIssuer: google.issuer,
      });
      const [userId, browser] = [crypto.randomUUID(), 'this browser'];
      const begin = async () => {
        const url = await keep.forTenant(A).calendar.getAuthUrl({ userId, browser });
        const visit = await new Visitor().open(url, { before: redirectUri });
        const { code, state, iss } = Object.fromEntries(visit.url.searchParams);
        return (calendar: TokenKeep['calendar']) =>
          calendar.exchangeCodeForTokens(userId, code!, { state: state!, browser, iss: iss! });
      };
      const finish = await begin();
      await expect(finish(keep.forTenant(B).calendar)).rejects.toMatchObject({
        name: 'AuthorizationError',
      });
      await finish(keep.calendar);
      expect(await keep.forTenant(A).calendar.getCalendarTokens(userId)).not.toBeNull();
      expect(await keep.forTenant(B).calendar.getCalendarTokens(userId)).toBeNull();
    } finally {
      await google.close();
    }
  });
});

it('closing an instance closes it for its tenants, and the other way round', async () => {
  const keep = keepAs(database.plainUrl);
  const ours = keep.forTenant(A);
  await ours.gmail.hasActiveGmailConnection('nobody');
  expect(await ours.close()).toBe(true);
  const closed = { code: 'ERR_TOKENKEEP_CLOSED' };
  await expect(keep.gmail.hasActiveGmailConnection('nobody')).rejects.toMatchObject(closed);
  await expect(ours.gmail.hasActiveGmailConnection('nobody')).rejects.toMatchObject(closed);
  await until(async () => {
    const left = await query(`SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'tokenkeep'`);
    return left.length === 0;
  });
});
