/** A database that was not migrated: each store says how its own table is made. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TokenKeep } from '../../dist/index.js';
import { emptyDatabase, keepOn, type TestDatabase } from '../helpers/database';
import { failureOf } from '../helpers/promises';

let database: TestDatabase;
let keep: TokenKeep;
beforeAll(async () => {
  database = await emptyDatabase();
  keep = keepOn(database, {
    tokenkeepKey: '11'.repeat(32),
    encryptionSecret: 'a secret of more than thirty-two characters',
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
