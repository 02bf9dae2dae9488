/** A table that lives where the role's search_path does not find it. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTokenKeep } from '../../dist/index.js';
import { type TestDatabase, emptyDatabase } from '../helpers/database';
import { failureOf } from '../helpers/promises';
import { migrateOn } from '../helpers/tables';
import { SECRET } from './rows';

const schema = 'The "App"';

let database: TestDatabase;
beforeAll(async () => {
  database = await emptyDatabase();
  await database.client.query('CREATE SCHEMA "The ""App"""');
  await migrateOn(database, { stores: ['vault'] }, { schema });
});
afterAll(() => database.drop());

it('a schema of its own has the table, its enums and every statement', async () => {
  const keep = createTokenKeep({ databaseUrl: database.url, schema, encryptionSecret: SECRET });
  const { vault } = keep;
  const tenantId = randomUUID();
  for (const identifier of ['', 'a']) {
    const key = [tenantId, 'google', 'refresh_token'] as const;
    const id = await vault.storeToken(...key, { value: 'refresh', identifier });
    expect(await vault.storeToken(...key, { value: 'refresh', identifier })).toBe(id);
    const refreshFn = async () => ({ accessToken: 'new', expiryDate: Date.now() + 3_600_000 });
    const options = { refresh: true, refreshFn };
    const answer = (await vault.getAccessToken(tenantId, 'google', identifier, 5, options))!;
    expect(answer.token.value).toBe('new');
    await vault.markTokenInvalid(answer.token.id, '401');
    await vault.deleteToken(answer.token.id);
  }
  expect(await vault.findExpiringTokens(100)).toEqual([]);
  const [statement] = /ALTER TYPE .*$/.exec(
    (await failureOf(vault.storeToken(tenantId, 'xero', 'api_key', { value: 'v' }))).message,
  )!;
  await database.client.query(statement);
  await vault.storeToken(tenantId, 'xero', 'api_key', { value: 'v' });
  await vault.deleteProviderTokens(tenantId, 'google');
  await keep.close();
  const { rows } = await database.client.query('SELECT provider FROM "The ""App""".token_vault');
  expect(rows).toEqual([{ provider: 'xero' }]);
});
