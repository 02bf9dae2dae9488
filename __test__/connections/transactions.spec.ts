/**
 * No write runs without the message before it: BEGIN and what it sets are sent with the statement, which
 * must change nothing when the server has refused them.
 */

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TokenKeep } from '../../dist/index.js';
import { startPostgresProxy } from '../../support/postgres-proxy.mjs';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { keepOfEveryStore, STORES } from '../database/every-store';
import { emptyDatabase, type TestDatabase } from '../helpers/database';
import { failureOf } from '../helpers/promises';
import type { Endpoint } from '../helpers/scene';
import { migrateOn } from '../helpers/tables';

const TABLES = [
  'gmail_tokens',
  'oauth_tokens',
  'token_vault',
  'google_calendar_tokens',
  'integration_tokens',
  'tokenkeep.oauth_state',
  'tokenkeep.oauth_account',
];

let database: TestDatabase;
let proxy: Awaited<ReturnType<typeof startPostgresProxy>>;
let endpoint: Endpoint;
let direct: TokenKeep;
let keep: TokenKeep;
beforeAll(async () => {
  database = await emptyDatabase();
  await migrateOn(database, { stores: [...STORES] });
  proxy = await startPostgresProxy(database.url);
});
afterAll(async () => {
  await proxy.close();
  await database.drop();
});
beforeEach(async () => {
  proxy.rule = undefined;
  endpoint = (await startTokenEndpoint()) as Endpoint;
  direct = keepOfEveryStore(database.url, endpoint);
  const transactions = { limitsDivisor: 10, preparedStatements: false };
  keep = keepOfEveryStore(proxy.url, endpoint, transactions);
});
afterEach(async () => {
  proxy.rule = undefined;
  await Promise.all([direct, keep].map((each) => each.close({ timeoutMs: 1_000 })));
  await endpoint.close();
});

/** All that stands in the tables. */
async function contents(): Promise<unknown> {
  const all: Record<string, unknown> = {};
  for (const table of TABLES) {
    const { rows } = await database.client.query(
      `SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t)::text), '[]') AS rows FROM ${table} t`,
    );
    all[table] = rows[0].rows;
  }
  return all;
}

const past = () => new Date(Date.now() - 60_000);
const later = new Date('2031-01-01');
const TENANT = '11111111-1111-4111-8111-111111111111';
const user = randomUUID();
const CREDENTIALS = { clientId: 'client', clientSecret: 'secret' };
let tokenId: string;

/** One row in each store, which has run out. */
async function store(): Promise<void> {
  const issued = () => endpoint.issue();
  await direct.gmail.upsertGmailTokens({
    userId: user,
    tenantId: TENANT,
    ...issued(),
    expiresAt: past(),
    scope: '',
  });
  await direct.zoho.storeTokens(user, 'zoho_crm', { refreshToken: issued().refreshToken });
  const { accessToken, refreshToken } = issued();
  const access = { value: accessToken, expiresAt: past() };
  tokenId = await direct.vault.storeToken(TENANT, 'google', 'access_token', access);
  await direct.vault.storeToken(TENANT, 'google', 'refresh_token', { value: refreshToken });
  const calendar = issued();
  const tokens = [calendar.accessToken, calendar.refreshToken] as const;
  await direct.calendar.saveCalendarTokens(user, ...tokens, past(), []);
  await direct.integration.storeToken(user, 'acme', { ...issued(), expiresAt: past() });
}

/** Every call that writes. */
const WRITES: Record<string, (keep: TokenKeep) => Promise<unknown>> = {
  'gmail: store': ({ gmail }) =>
    gmail.upsertGmailTokens({
      userId: user,
      tenantId: TENANT,
      accessToken: 'new',
      refreshToken: 'new',
      expiresAt: later,
      scope: '',
    }),
  'gmail: refresh': ({ gmail }) => gmail.getValidGmailToken(user),
  'gmail: delete': ({ gmail }) => gmail.deleteGmailTokens(user),
  'zoho: store': ({ zoho }) => zoho.storeTokens(user, 'zoho_crm', { refreshToken: 'new' }),
  'zoho: store another': ({ zoho }) =>
    zoho.storeTokens('another', 'zoho_crm', { refreshToken: 'new' }),
  'zoho: refresh': ({ zoho }) => zoho.getAccessToken(user, 'zoho_crm', CREDENTIALS),
  'vault: store': ({ vault }) =>
    vault.storeToken(TENANT, 'google', 'access_token', { value: 'new' }),
  'vault: store another': ({ vault }) =>
    vault.storeToken(TENANT, 'google', 'access_token', { value: 'new', identifier: 'another' }),
  'vault: refresh': ({ vault }) =>
    vault.getAccessToken(TENANT, 'google', undefined, 5, { refresh: true }),
  'vault: mark invalid': ({ vault }) => vault.markTokenInvalid(tokenId, 'a test'),
  'vault: delete': ({ vault }) => vault.deleteToken(tokenId),
  'vault: delete all': ({ vault }) => vault.deleteProviderTokens(TENANT, 'google'),
  'calendar: store': ({ calendar }) =>
    calendar.saveCalendarTokens(user, 'new', 'new', later, ['new']),
  'calendar: refresh': ({ calendar }) => calendar.getCredentialsForUser(user),
  'calendar: begin to connect': ({ calendar }) => calendar.getAuthUrl({ userId: user }),
  'calendar: delete': ({ calendar }) => calendar.deleteCalendarTokens(user),
  'integration: store': ({ integration }) =>
    integration.storeToken(user, 'acme', { accessToken: 'new', expiresAt: later }),
  'integration: refresh': ({ integration }) => integration.getValidToken(user, 'acme'),
  'integration: refresh ahead': ({ integration }) =>
    integration.refreshExpiring({ expiresWithin: 1_000 }),
  'integration: revoke': ({ integration }) => integration.revoke(user, 'acme'),
};

describe.each(Object.entries(WRITES))('%s', (_, write) => {
  it.each([
    ['without a tenant', () => keep],
    ['for a tenant', () => keep.forTenant(TENANT)],
  ])(
    'changes nothing where the server has refused the BEGIN before it, %s',
    async (_tenant, of) => {
      await store();
      // Whatever was learned of the tables and of the types.
      await direct.gmail.hasActiveGmailConnection(user);
      const before = await contents();
      let broken = 0;
      proxy.rule = ({ sql }) => {
        if (!/^\s*(INSERT|UPDATE|DELETE|WITH)/.test(sql)) return undefined;
        broken += 1;
        return { do: 'break-begin' };
      };
      const failure = await failureOf(write(of()));
      expect(broken).toBeGreaterThan(0);
      expect(failure.code).toMatch(/^ERR_TOKENKEEP_(DATABASE|REFRESH_TIMEOUT)$/);
      expect(await contents()).toEqual(before);
    },
  );
});

describe('storing a refreshed token', () => {
  it.each(['gmail', 'zoho', 'vault', 'calendar', 'integration'])(
    'of %s waits for a transaction that has begun',
    async (name) => {
      await store();
      let commits = 0;
      let refused: unknown;
      proxy.rule = async ({ sql, parameters }) => {
        // The one statement with that many parameters.
        if (parameters.length !== 14 || commits++ > 0) return undefined;
        expect(sql).toMatch(/UPDATE/);
        const before = await contents();
        return {
          do: 'break-begin',
          answered: async () => (refused = [before, await contents()]),
        };
      };
      await WRITES[`${name}: refresh`]!(keep);
      await keep.close();
      const [before, after] = refused as [unknown, unknown];
      expect(after).toEqual(before);
      expect(commits).toBe(2);
      expect(await contents()).not.toEqual(before);
    },
  );
});
