/** Performs what docs/adopt/vault.md tells: old vault, half migrated, tokenkeep, and back. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schema } from '../../../support/old-vault/index.mjs';
import { startTokenEndpoint } from '../../../support/token-endpoint.mjs';
import { type TestDatabase, emptyDatabase } from '../../helpers/database';
import { makeTables, migrateOn, tableOf } from '../../helpers/tables';
import { type Member, useMembers } from '../../vault/member';
import { SECRET, decrypt, rowsOf } from '../../vault/rows';
import { until } from '../../helpers/promises';
import { statementsOf } from './guide';

/** The statements that the guide shows. */
const SQL = statementsOf('vault');

const HOUR_MS = 3_600_000;
const TENANT = randomUUID();

let database: TestDatabase;
let google: Awaited<ReturnType<typeof startTokenEndpoint>>;
let old: Member[];
let ours: Member[];
const start = useMembers();
beforeAll(async () => {
  database = await emptyDatabase();
  await makeTables(database, schema);
  await database.client.query(`INSERT INTO tenants VALUES ('${TENANT}', 'One')`);
  google = await startTokenEndpoint();
});
afterAll(async () => {
  await google.close();
  await database.drop();
});

const options = () => ({
  databaseUrl: database.url,
  encryptionSecret: SECRET,
  googleClientId: 'client',
  googleClientSecret: 'secret',
  googleTokenUrl: google.url,
});

const inHours = (hours: number) => new Date(Date.now() + hours * HOUR_MS);

type Key = [tenantId: string, provider: string, tokenType: string, identifier: string | undefined];

/** What an application keeps: with an expiry and without, with an identifier and without. */
const KEYS: Key[] = [
  [TENANT, 'whatsapp', 'access_token', 'waba-1'],
  [TENANT, 'whatsapp', 'webhook_secret', undefined],
  [TENANT, 'google', 'access_token', undefined],
  [TENANT, 'google', 'refresh_token', undefined],
  [TENANT, 'google', 'access_token', 'account-2'],
  [TENANT, 'greeninvoice', 'api_key', undefined],
];

async function store(member: Member, [tenantId, provider, type, identifier]: Key, value: string) {
  const expiresAt = type === 'access_token' ? inHours(1) : undefined;
  const data = { value, ...(expiresAt && { expiresAt }), ...(identifier && { identifier }) };
  return member.call('storeToken', tenantId, provider, type, data);
}

/** Both sides read every row, and the same of it. */
async function expectSameOnBothSides(members = [...old, ...ours]): Promise<void> {
  const rows = await rowsOf(database, TENANT);
  for (const { provider, token_type: type, identifier, encrypted_value: sealed } of rows) {
    const key = [TENANT, provider, type, identifier ?? undefined] as const;
    const value = await decrypt(sealed);
    const [first, ...others] = await Promise.all(
      members.map((one) => one.call('getToken', ...key)),
    );
    expect(first).toMatchObject({ value, provider, tokenType: type, identifier });
    for (const other of others)
      expect({ ...other, lastUsedAt: 0 }).toEqual({ ...first, lastUsedAt: 0 });
  }
}

/** Two calls have looked for a token that is not there, and store it then at the same moment. */
async function storeAtOnce(one: Member, other: Member, key: Key) {
  const client = database.client;
  await client.query('BEGIN; LOCK TABLE token_vault IN SHARE ROW EXCLUSIVE MODE');
  const calls = [one, other].map((member) =>
    store(member, key, 'first').then(
      () => 'stored',
      (error: Error) => error.message,
    ),
  );
  const waiting = `SELECT FROM pg_locks WHERE NOT granted AND relation = 'token_vault'::regclass`;
  await until(async () => (await client.query(waiting)).rowCount === 2);
  await client.query('COMMIT');
  return Promise.all(calls);
}

const rowsOfKey = async ([, provider, type, identifier]: Key) =>
  (await rowsOf(database, TENANT)).filter(
    (row) =>
      row.provider === provider &&
      row.token_type === type &&
      row.identifier === (identifier ?? null),
  );

describe('an adoption', () => {
  it('begins with what the old vault has stored', async () => {
    old = await start(2, 'old', options());
    for (const [index, key] of KEYS.entries()) await store(old[index % 2]!, key, `old-${index}`);
    expect(await rowsOf(database, TENANT)).toHaveLength(KEYS.length);
  });

  it('goes on with tokenkeep beside it, before the migration', async () => {
    ours = await start(2, 'tokenkeep', options());
    await expectSameOnBothSides();
    for (const [index, key] of KEYS.entries()) {
      const ids = [
        await store(ours[0]!, key, `ours-${index}`),
        await store(old[0]!, key, 'theirs'),
      ];
      expect(new Set(ids).size).toBe(1);
    }
    await expectSameOnBothSides();
  });

  it('may have left the same token twice, which the guide shows and migrate refuses', async () => {
    const key: Key = [TENANT, 'icount', 'api_key', undefined];
    expect(await storeAtOnce(old[0]!, old[1]!, key)).toEqual(['stored', 'stored']);
    expect(await rowsOfKey(key)).toHaveLength(2);
    const shown = SQL.find((sql) => sql.includes('HAVING'))!;
    expect((await database.client.query(shown)).rows).toMatchObject([{ provider: 'icount' }]);
    await expect(migrateOn(database, { stores: ['vault'] })).rejects.toThrow('--keep newest');
  });

  it('is migrated beside them: a column and an index more, nothing else', async () => {
    const before = await tableOf(database, 'token_vault');
    expect(await migrateOn(database, { stores: ['vault'], keep: 'newest' })).toEqual([]);
    const after = await tableOf(database, 'token_vault');
    const added = (name: 'columns' | 'indexes' | 'constraints') =>
      after[name].filter((one) => !before[name].includes(one));
    expect(added('columns')).toEqual(['refreshing_at timestamp with time zone']);
    expect(added('indexes')).toEqual([
      expect.stringContaining('token_vault_unique_without_identifier'),
    ]);
    expect(added('constraints')).toEqual([]);
    await expectSameOnBothSides();
  });

  it('lets both sides store, mark, delete and find on the same rows', async () => {
    for (const [writer, reader] of [
      [old[0]!, ours[0]!],
      [ours[0]!, old[0]!],
    ] as const) {
      for (const key of KEYS) {
        const id = await store(writer, key, `by ${writer === old[0] ? 'old' : 'ours'}`);
        expect(await store(reader, key, 'again')).toBe(id);
      }
      await expectSameOnBothSides();
      const [, , google] = KEYS as [Key, Key, Key];
      const { id } = (await reader.call('getToken', ...google))!;
      const access = () => reader.call('getAccessToken', TENANT, 'google');
      expect(await access()).toMatchObject({ needsRefresh: false, token: { id } });
      const byBoth = (minutes: number) =>
        Promise.all([writer, reader].map((one) => one.call('findExpiringTokens', minutes)));
      const [left, right] = await byBoth(120);
      const sorted = (all: object[]) => all.map((one) => JSON.stringify(one)).sort();
      expect(left).toHaveLength(3);
      expect(sorted(left!)).toEqual(sorted(right!));
      await writer.call('markTokenInvalid', id, '401');
      expect(await access()).toBeNull();
      expect(await reader.call('getToken', ...google)).toMatchObject({ isValid: 'false' });
      await store(writer, google, 'valid again');
      await database.client.query(
        `UPDATE token_vault SET expires_at = now() - interval '1 minute' WHERE id = '${id}'`,
      );
      expect(await access()).toBeNull();
      expect((await rowsOfKey(google))[0]).toMatchObject({ last_error: 'Token expired' });
      await writer.call('deleteToken', id);
      expect(await reader.call('getToken', ...google)).toBeNull();
      await store(reader, google, 'new');
      await writer.call('deleteProviderTokens', TENANT, 'greeninvoice');
      expect(await reader.call('getToken', TENANT, 'greeninvoice', 'api_key')).toBeNull();
    }
  });

  it('refuses the second insert of old code, and never one of tokenkeep', async () => {
    const refused = expect.stringContaining('token_vault_unique_without_identifier');
    const alone: Key = [TENANT, 'clerk', 'api_key', undefined];
    const answers = await storeAtOnce(old[0]!, old[1]!, alone);
    expect(answers.sort()).toEqual([refused, 'stored']);
    expect(await rowsOfKey(alone)).toHaveLength(1);

    const ourOwn: Key = [TENANT, 'voicenter', 'api_key', undefined];
    expect(await storeAtOnce(ours[0]!, ours[1]!, ourOwn)).toEqual(['stored', 'stored']);
    expect(await rowsOfKey(ourOwn)).toHaveLength(1);

    const mixed: Key = [TENANT, 'voicenter', 'webhook_secret', undefined];
    const [theirs, mine] = await storeAtOnce(old[0]!, ours[0]!, mixed);
    expect(mine).toBe('stored');
    if (theirs !== 'stored') expect(theirs).toEqual(refused);
    expect(await rowsOfKey(mixed)).toHaveLength(1);
  });

  it('is tokenkeep alone in the end, which refreshes each expiry once', async () => {
    await Promise.all(old.map((member) => member.stop()));
    const { refreshToken } = google.issue();
    await store(ours[0]!, [TENANT, 'google', 'refresh_token', undefined], refreshToken);
    for (let expiry = 1; expiry <= 2; expiry++) {
      await database.client.query(`UPDATE token_vault SET expires_at = now()
        WHERE provider = 'google' AND token_type = 'access_token' AND identifier IS NULL`);
      const answers = await Promise.all(
        ours.map((one) =>
          one.calls(10, 'getAccessToken', TENANT, 'google', undefined, 5, { refresh: true }),
        ),
      );
      const tokens = answers.flat().map(({ value, failed }) => failed ?? value!.token.value);
      expect(new Set(tokens).size).toBe(1);
      expect(google.requests).toHaveLength(expiry);
    }
  });

  it('can be taken back: the old vault works on the same rows', async () => {
    await Promise.all(ours.map((member) => member.stop()));
    const back = await start(2, 'old', options());
    await expectSameOnBothSides(back);
    for (const sql of SQL) await database.client.query(sql);
    const { columns, indexes } = await tableOf(database, 'token_vault');
    expect(columns.join()).not.toContain('refreshing_at');
    expect(indexes.join()).not.toContain('without_identifier');
    await expectSameOnBothSides(back);
    const key: Key = [TENANT, 'greeninvoice', 'api_key', undefined];
    expect(await storeAtOnce(back[0]!, back[1]!, key)).toEqual(['stored', 'stored']);
  });
});
