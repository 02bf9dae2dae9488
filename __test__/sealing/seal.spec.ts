import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTokenKeep, type TokenKeepOptions } from '../../dist/index.js';
import { emptyDatabase, KEY, type TestDatabase } from '../helpers/database';
import { failureOf } from '../helpers/promises';
import { runNow } from '../helpers/sync-statement';
import { open } from '../helpers/tk1-format';

let database: TestDatabase;
beforeEach(async () => {
  database = await emptyDatabase();
  await using((keep) => keep.migrate({ stores: ['zoho', 'calendar', 'integration'] }));
});
afterEach(() => database.drop());

type Keep = ReturnType<typeof createTokenKeep>;

async function using<T>(work: (keep: Keep) => Promise<T>, options: TokenKeepOptions = {}) {
  const keep = createTokenKeep({ databaseUrl: database.url, tokenkeepKey: KEY, ...options });
  return work(keep).finally(() => keep.close());
}

const UNSEALED: TokenKeepOptions = { sealing: 'off' };
const USER = '00000000-0000-4000-8000-000000000001';

const inAnHour = () => new Date(Date.now() + 3_600_000);

const rowsOf = async (table: string) =>
  (await database.client.query(`SELECT * FROM ${table} ORDER BY 1`)).rows;

describe('seal', () => {
  it('leaves no plaintext in any of its stores, and changes nothing else', async () => {
    await using(async (keep) => {
      const tokens = { accessToken: 'a', refreshToken: 'r' };
      await keep.zoho.storeTokens('client', 'zoho_crm', tokens);
      await keep.calendar.saveCalendarTokens(USER, 'a', 'r', inAnHour(), null);
      await keep.integration.storeToken('user', 'acme', { ...tokens, expiresAt: inAnHour() });
      await keep.integration.storeToken('none', 'acme', {
        accessToken: 'a',
        expiresAt: inAnHour(),
      });
    }, UNSEALED);
    const stores = [
      ['zoho', 'oauth_tokens', (row: any) => [row.client_id, row.provider], 1],
      ['calendar', 'google_calendar_tokens', (row: any) => [row.user_id], 1],
      ['integration', 'integration_tokens', (row: any) => [row.user_id, row.provider], 2],
    ] as const;
    for (const [store, table, keyOf, count] of stores) {
      const before = await rowsOf(table);
      expect(await using((keep) => keep.seal({ store }))).toBe(count);
      const after = await rowsOf(table);
      const opened = after.map((row) => {
        const openedText = (column: string) =>
          row[column] && open(row[column], { store, column, parts: keyOf(row) });
        return {
          ...row,
          access_token: openedText('access_token'),
          refresh_token: openedText('refresh_token'),
        };
      });
      expect(opened).toEqual(before);
      expect(await using((keep) => keep.seal({ store }))).toBe(0);
      expect(await rowsOf(table)).toEqual(after);
    }
    await using(
      async (keep) => {
        expect(await keep.calendar.getCalendarTokens(USER)).toMatchObject({ accessToken: 'a' });
      },
      { requireSealed: true },
    );
  });

  it('counts in a dry run, and tells its progress', async () => {
    const store = (keep: Keep) =>
      keep.zoho.storeTokens('client', 'zoho_crm', { refreshToken: 'r' });
    await using(store, UNSEALED);
    const told: unknown[] = [];
    const onProgress = (progress: unknown) => told.push(progress);
    const options = { store: 'zoho', dryRun: true, onProgress } as const;
    expect(await using((keep) => keep.seal(options))).toBe(1);
    expect(told).toEqual([{ store: 'zoho', rows: 1, total: undefined, resealed: 1, waiting: 0 }]);
    expect((await rowsOf('oauth_tokens'))[0].refresh_token).toBe('r');
  });

  it('refuses while plaintext would be written again', async () => {
    const failure = await failureOf(using((keep) => keep.seal({ store: 'zoho' }), UNSEALED));
    expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_CONFIGURATION' });
    expect(failure.message).toMatch(/^TOKENKEEP_SEALING: must not be off/);
  });

  it('does not undo what was stored since it has read the row', async () => {
    await database.client.query(
      `INSERT INTO oauth_tokens (client_id, provider, refresh_token)
       SELECT 'client-' || n, 'p', 'old' FROM generate_series(1000, 1600) AS n`,
    );
    const change = `UPDATE oauth_tokens SET refresh_token = 'new' WHERE client_id = 'client-1600'`;
    // By then the second batch has been read, and is not written yet.
    const onProgress = ({ rows }: { rows: number }) => rows === 500 && runNow(database.url, change);
    expect(await using((keep) => keep.seal({ store: 'zoho', onProgress }))).toBe(601);
    const rows = await rowsOf('oauth_tokens');
    const opened = rows.map(({ client_id: client, refresh_token: sealed }) => {
      const parts = [client, 'p'];
      return [client, open(sealed, { store: 'zoho', column: 'refresh_token', parts })];
    });
    expect(opened.filter(([, token]) => token !== 'old')).toEqual([['client-1600', 'new']]);
  });

  it('names the stores that it knows, and the table that is missing', async () => {
    const wrong = using((keep) => keep.seal({ store: 'gmail' } as never));
    expect(await failureOf(wrong)).toMatchObject({ argument: 'store' });
    await database.client.query('DROP TABLE oauth_tokens');
    const failure = await failureOf(using((keep) => keep.seal({ store: 'zoho' })));
    expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_SCHEMA' });
    expect(failure.message).toContain('npx tokenkeep migrate --store zoho');
  });
});
