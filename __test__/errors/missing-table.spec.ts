/** A database that was not migrated, or changed since: each store says which migration mends it. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGoogleHandlers } from '../../dist/http/index.js';
import type { TokenKeep } from '../../dist/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { emptyDatabase, keepOn, type TestDatabase } from '../helpers/database';
import { failureOf } from '../helpers/promises';
import { migrateOn } from '../helpers/tables';

let database: TestDatabase;
let keep: TokenKeep;
beforeAll(async () => {
  database = await emptyDatabase();
  keep = keepOn(database, {
    tokenkeepKey: '11'.repeat(32),
    encryptionSecret: 'a secret of more than thirty-two characters',
    googleOauthRedirectUri: 'https://app.example/auth/google/callback',
  });
});
afterAll(async () => {
  await keep.close();
  await database.drop();
});

const token = { accessToken: 'at', refreshToken: 'rt', expiresAt: new Date(), scope: 's' };

it.each<[string, string, (keep: TokenKeep) => Promise<unknown>]>([
  ['gmail', 'a read', ({ gmail }) => gmail.getGmailTokenDecrypted('u')],
  [
    'gmail',
    'a write',
    ({ gmail }) => gmail.upsertGmailTokens({ userId: 'u', tenantId: 't', ...token }),
  ],
  ['vault', 'a read', ({ vault }) => vault.getToken(randomUUID(), 'google', 'access_token')],
  ['calendar', 'a read', ({ calendar }) => calendar.getCalendarTokens(randomUUID())],
  ['integration', 'a read', ({ integration }) => integration.getToken('u', 'google')],
  ['integration', 'a refresh', ({ integration }) => integration.getValidToken('u', 'google')],
])('%s: %s names the store to migrate', async (store, _, call) => {
  const { code, message } = await failureOf(call(keep));
  expect(code).toBe('ERR_TOKENKEEP_SCHEMA');
  expect(message).toContain(`npx tokenkeep migrate --store ${store}`);
});

it.each(['calendar', 'integration'] as const)('%s: so does a connect link', async (store) => {
  const { linkFor } = createGoogleHandlers({ keep, store });
  const { message } = await failureOf(linkFor(randomUUID()));
  expect(message).toContain('needs to store an OAuth state does not exist');
  expect(message).toContain(`Run: npx tokenkeep migrate --store ${store}. If`);
});

describe('a table that was changed after its migration', () => {
  let changed: TestDatabase;
  let endpoint: Awaited<ReturnType<typeof startTokenEndpoint>>;
  let stores: TokenKeep;
  beforeAll(async () => {
    changed = await emptyDatabase();
    await migrateOn(changed, { stores: ['gmail', 'zoho', 'vault', 'calendar', 'integration'] });
    endpoint = await startTokenEndpoint();
    stores = keepOn(changed, {
      tokenkeepKey: '11'.repeat(32),
      encryptionSecret: 'a secret of more than thirty-two characters',
      providers: { acme: { tokenUrl: endpoint.url, clientId: 'client', clientSecret: 'secret' } },
    });
  });
  afterAll(async () => {
    await stores.close();
    await endpoint.close();
    await changed.drop();
  });

  const id = randomUUID();
  const expired = { ...token, expiresAt: new Date(Date.now() - 60_000), scopes: ['s'] };

  it.each<
    [
      string,
      string,
      string,
      (keep: TokenKeep) => Promise<unknown>,
      (keep: TokenKeep) => Promise<unknown>,
    ]
  >([
    [
      'gmail',
      'gmail_tokens',
      'scope',
      ({ gmail }) => gmail.upsertGmailTokens({ userId: id, tenantId: 't', ...token }),
      ({ gmail }) => gmail.getGmailTokenDecrypted(id),
    ],
    [
      'zoho',
      'oauth_tokens',
      'refresh_token',
      ({ zoho }) => zoho.storeTokens(id, 'zoho_crm', { refreshToken: 'rt' }),
      ({ zoho }) => zoho.hasToken(id, 'zoho_crm'),
    ],
    [
      'vault',
      'token_vault',
      'is_valid',
      ({ vault }) => vault.storeToken(id, 'google', 'api_key', { value: 'v' }),
      ({ vault }) => vault.getToken(id, 'google', 'api_key'),
    ],
    [
      'calendar',
      'google_calendar_tokens',
      'refresh_token',
      ({ calendar }) => calendar.saveCalendarTokens(id, 'at', 'rt', null, null),
      ({ calendar }) => calendar.getCalendarTokens(id),
    ],
    [
      'integration',
      'integration_tokens',
      'scopes',
      ({ integration }) => integration.storeToken(id, 'google', expired),
      ({ integration }) => integration.getToken(id, 'google'),
    ],
  ])('%s: a column of %s that may be NULL: %s', async (store, table, column, write, read) => {
    await write(stores);
    await changed.client.query(`ALTER TABLE ${table} ALTER ${column} DROP NOT NULL`);
    await changed.client.query(`UPDATE ${table} SET ${column} = NULL`);
    const { code, message } = await failureOf(read(stores));
    expect(code).toBe('ERR_TOKENKEEP_SCHEMA');
    expect(message).toBe(
      `The column ${column} has an unexpected type or is NULL. Run: npx tokenkeep migrate --store ${store}`,
    );
  });

  it('integration: a column that is needed to mark a revoked grant', async () => {
    await stores.integration.storeToken('user', 'acme', expired);
    await changed.client.query('ALTER TABLE integration_tokens DROP invalid_reason');
    const { code, message } = await failureOf(stores.integration.getValidToken('user', 'acme'));
    expect(code).toBe('ERR_TOKENKEEP_SCHEMA');
    expect(message).toMatch(
      /needs to mark .* as revoked \(SQLSTATE 42703\)\. Run: npx tokenkeep migrate --store integration$/,
    );
  });
});
