/** What sealing does not protect from, as SECURITY.md and docs/sealing.md say, and what it does. */

import { afterEach, beforeEach, expect, it } from 'vitest';
import { emptyDatabase, KEY, keepOn, type TestDatabase } from '../helpers/database';

let database: TestDatabase;
let keep: ReturnType<typeof keepOn>;
beforeEach(async () => {
  database = await emptyDatabase();
  keep = keepOn(database, { tokenkeepKey: KEY });
  await keep.migrate({ stores: ['integration', 'gmail'] });
});
afterEach(async () => {
  await keep.close();
  await database.drop();
});

const expiresAt = new Date(Date.now() + 3_600_000);
const stored = (name: string) => ({
  accessToken: `access of ${name}`,
  refreshToken: `refresh of ${name}`,
  expiresAt,
  scopes: ['read'],
});
const query = (sql: string, values: unknown[] = []) => database.client.query(sql, values);

/** The sealed texts of a row, as whoever can read and write the database has them. */
async function textsOf(userId: string): Promise<unknown[]> {
  const { rows } = await query(
    'SELECT access_token, refresh_token FROM integration_tokens WHERE user_id = $1',
    [userId],
  );
  return [rows[0].access_token, rows[0].refresh_token];
}
const putInto = (table: string, userId: string, texts: unknown[]) =>
  query(`UPDATE ${table} SET access_token = $2, refresh_token = $3 WHERE user_id = $1`, [
    userId,
    ...texts,
  ]);

it('an older sealed value that is put back into its row opens', async () => {
  await keep.integration.storeToken('ann', 'google', stored('the first account'));
  const older = await textsOf('ann');
  await keep.integration.storeToken('ann', 'google', stored('the second account'));
  await putInto('integration_tokens', 'ann', older);
  const { accessToken } = await keep.integration.getValidToken('ann', 'google');
  expect(accessToken).toBe('access of the first account');
});

it('a sealed value opens in another schema under the same key, and under no other', async () => {
  await query('CREATE SCHEMA staging');
  await keep.integration.storeToken('ann', 'google', stored('production'));
  for (const [tokenkeepKey, outcome] of [
    [KEY, { accessToken: 'access of production' }],
    ['33'.repeat(32), { code: 'ERR_TOKENKEEP_DECRYPTION' }],
  ] as const) {
    const staging = keepOn(database, { tokenkeepKey, schema: 'staging' });
    await staging.migrate({ stores: ['integration'] });
    await staging.integration.storeToken('ann', 'google', stored('staging'));
    await putInto('staging.integration_tokens', 'ann', await textsOf('ann'));
    const found = staging.integration.getToken('ann', 'google').catch((error: unknown) => error);
    expect(await found).toMatchObject(outcome);
    await staging.close();
  }
});

it("another row's value does not open in the integration store, and does in the gmail store", async () => {
  await keep.integration.storeToken('ann', 'google', stored('ann'));
  await keep.integration.storeToken('bob', 'google', stored('bob'));
  await putInto('integration_tokens', 'bob', await textsOf('ann'));
  await expect(keep.integration.getToken('bob', 'google')).rejects.toMatchObject({
    code: 'ERR_TOKENKEEP_DECRYPTION',
  });

  for (const userId of ['ann', 'bob']) {
    await keep.gmail.upsertGmailTokens({ userId, tenantId: 't', ...stored(userId), scope: 'read' });
  }
  await query(`UPDATE gmail_tokens SET encrypted_access_token = (
    SELECT encrypted_access_token FROM gmail_tokens WHERE user_id = 'ann') WHERE user_id = 'bob'`);
  const { accessToken } = await keep.gmail.getValidGmailToken('bob');
  expect(accessToken).toBe('access of ann');
});
