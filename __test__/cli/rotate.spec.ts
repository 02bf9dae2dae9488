import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProgressLine } from '../../dist/cli/progress.js';
import { createTokenKeep, type TokenKeep, type TokenKeepOptions } from '../../dist/index.js';
import { startCli } from '../helpers/cli';
import { emptyDatabase, KEY, OTHER_KEY, type TestDatabase } from '../helpers/database';
import { until } from '../helpers/promises';

const BOTH = { TOKENKEEP_KEY: `2:${OTHER_KEY},1:${KEY}` };

let database: TestDatabase;
beforeEach(async () => {
  database = await emptyDatabase();
  await using((keep) => keep.migrate({ stores: ['zoho', 'calendar', 'integration'] }));
});
afterEach(() => database.drop());

async function using<T>(work: (keep: TokenKeep) => Promise<T>, options: TokenKeepOptions = {}) {
  const keep = createTokenKeep({
    databaseUrl: database.url,
    tokenkeepKey: KEY,
    googleClientId: 'client',
    googleClientSecret: 'secret',
    googleOauthRedirectUri: 'http://127.0.0.1:1/callback',
    ...options,
  });
  return work(keep).finally(() => keep.close());
}

/** So many rows of zoho. */
const store = (count: number, options: TokenKeepOptions = {}) =>
  using(async (keep) => {
    for (let client = 1; client <= count; client++) {
      await keep.zoho.storeTokens(`client-${client}`, 'zoho_crm', { refreshToken: 'r' });
    }
  }, options);

const start = (args: string[], env: Record<string, string>) => startCli(database, args, env);

const cli = (args: string[], env: Record<string, string> = BOTH) => start(args, env).ended;

describe('rotate', () => {
  it('says what it did in each store, first what it would do', async () => {
    await store(2);
    const lines = (verb: string, zoho: string) =>
      [
        `zoho: 2 rows, ${zoho} ${verb} anew with key 2 (2 rows of key 1)`,
        `calendar: 0 rows, 0 ${verb} anew with key 2`,
        `integration: 0 rows, 0 ${verb} anew with key 2`,
        '',
      ].join('\n');
    const dry = await cli(['rotate', '--dry-run']);
    expect(dry).toEqual({ code: 0, stdout: lines('would be sealed', '2'), stderr: '' });
    const done = await cli(['rotate']);
    expect(done).toEqual({ code: 0, stdout: lines('sealed', '2'), stderr: '' });
    const json = await cli(['rotate', '--store', 'zoho', '--json']);
    expect(json).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(json.stdout)).toEqual({
      dryRun: false,
      stores: [
        {
          store: 'zoho',
          key: '2',
          rows: 2,
          resealed: 0,
          from: {},
          plaintext: 0,
          unopened: 0,
          unwritten: 0,
        },
      ],
      pending: [],
    });
  });

  it('exits with 1 for what it left, and names it without showing it', async () => {
    await store(1, { tokenkeepKey: '99'.repeat(32) });
    await using((keep) => keep.zoho.storeTokens('plain', 'zoho_crm', { refreshToken: 'secret' }), {
      sealing: 'off',
    });
    const { code, stdout, stderr } = await cli(['rotate', '--store', 'zoho']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toBe(
      [
        'zoho: 2 rows, 0 sealed anew with key 2',
        'zoho: 1 row with plaintext. To seal it: npx tokenkeep seal --store zoho',
        'zoho: 1 row with a value that no key opens, which is left as it is',
        '',
      ].join('\n'),
    );
  });

  it('refuses to retire a key that is needed, says where, and says when it is not', async () => {
    await store(3);
    const user = '00000000-0000-4000-8000-000000000001';
    await using((keep) => keep.connector.link('calendar', { userId: user }));
    const refused = await cli(['rotate', '--store', 'integration', '--retire', '1']);
    expect(refused).toMatchObject({ code: 1, stderr: '' });
    const [rows, pending, verdict, ...uses] = refused.stdout.trimEnd().split('\n');
    const link =
      /^ *tokenkeep\.oauth_state: 1 row \(connect links, pending authorizations\) signed with key 1, the last until 20\d\d-\d\d-\d\dT[\d:.]+Z/;
    expect(rows).toMatch(/^integration: 0 rows/);
    expect(pending).toMatch(link);
    expect(verdict).toBe('Key 1 is needed. Keep it, and run this again later:');
    expect(uses).toEqual(['  zoho: 3 rows sealed with key 1', expect.stringMatching(link)]);
    await database.client.query('DELETE FROM tokenkeep.oauth_state');
    const done = await cli(['rotate', '--retire', '1']);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout.trimEnd().split('\n').at(-1)).toBe(
      'Nothing needs key 1. It can be removed from TOKENKEEP_KEY in every process',
    );
    const json = JSON.parse((await cli(['rotate', '--retire', '1', '--json'])).stdout);
    expect(json.retire).toEqual({ key: '1', variables: ['TOKENKEEP_KEY'], neededBy: [] });
  });

  it('names the secrets of the vault, which have no numbers', async () => {
    const [old, next] = ['a'.repeat(32), 'b'.repeat(32)];
    const tenant = '00000000-0000-4000-8000-000000000001';
    await using(
      async (keep) => {
        await keep.migrate({ stores: ['vault'] });
        await keep.vault.storeToken(tenant, 'google', 'api_key', { value: 'key' });
      },
      { encryptionSecret: old },
    );
    const both = { ENCRYPTION_SECRET: next, ENCRYPTION_SECRET_PREVIOUS: old };
    const dry = await cli(['rotate', '--retire', 'previous', '--dry-run'], both);
    expect(dry).toMatchObject({ code: 1, stderr: '' });
    expect(dry.stdout).toBe(
      [
        'vault: 1 row, 1 would be sealed anew with the current secret (1 row of the previous secret)',
        'The previous secret is needed. Keep it, and run this again later:',
        '  vault: 1 row sealed with the previous secret',
        '',
      ].join('\n'),
    );
    const done = await cli(['rotate', '--retire', 'previous'], both);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toContain(
      'Nothing needs the previous secret. It can be removed from ENCRYPTION_SECRET_PREVIOUS in',
    );
  });

  it.each([
    [['--retire', 'one'], "--retire must be the number of a key, or 'previous'"],
    [['--retire', '2'], 'retire: key 2 is the first of TOKENKEEP_KEY, which seals'],
    [['--retire', '3'], 'retire: there is no key 3: TOKENKEEP_KEY has 2,1'],
    [['--store', 'zoo'], '--store must be one of gmail, zoho, vault, calendar, integration'],
  ])('%j is wrong usage, and nothing is done', async (args, told) => {
    const { code, stdout, stderr } = await cli(['rotate', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`tokenkeep: ${told}`);
  });

  it('ends at a signal, and says how to go on', async () => {
    await store(2);
    await database.client.query('BEGIN');
    await database.client.query(`SELECT FROM oauth_tokens WHERE client_id = 'client-1' FOR UPDATE`);
    const { child, ended } = start(['rotate', '--store', 'zoho'], BOTH);
    const other = `SELECT FROM oauth_tokens WHERE refresh_token LIKE 'tk1.2.%'`;
    await until(async () => (await database.client.query(other)).rowCount);
    child.kill('SIGTERM');
    const { code, stdout, stderr } = await ended;
    await database.client.query('COMMIT');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe('tokenkeep: stopped by SIGTERM: run it again to do the rest\n');
    expect((await cli(['rotate', '--store', 'zoho'])).stdout).toContain('1 sealed anew');
  });
});

describe('seal', () => {
  it('says how many rows it sealed, first how many it would', async () => {
    await store(2, { sealing: 'off' });
    const dry = await cli(['seal', '--store', 'zoho', '--dry-run']);
    expect(dry).toEqual({ code: 0, stdout: 'Would seal zoho: 2 rows\n', stderr: '' });
    const done = await cli(['seal', '--store', 'zoho']);
    expect(done).toEqual({ code: 0, stdout: 'Sealed zoho: 2 rows\n', stderr: '' });
    const json = await cli(['seal', '--store', 'zoho', '--json']);
    expect(JSON.parse(json.stdout)).toEqual({ store: 'zoho', rows: 0, dryRun: false });
  });

  it('fails while plaintext would be written again, and without a store', async () => {
    const off = await cli(['seal', '--store', 'zoho'], { ...BOTH, TOKENKEEP_SEALING: 'off' });
    expect(off.code).toBe(1);
    expect(off.stderr).toMatch(/^tokenkeep: TOKENKEEP_SEALING: must not be off/);
    expect((await cli(['seal'])).code).toBe(2);
    expect((await cli(['seal', '--store', 'gmail'])).code).toBe(2);
  });
});

describe('the progress', () => {
  const at = (rows: number, other = {}) => ({
    store: 'zoho' as const,
    rows,
    total: 1_000_000,
    resealed: rows,
    waiting: 0,
    ...other,
  });

  /** What is written to a screen when the progress comes at these milliseconds. */
  const written = (isTTY: boolean, updates: [number, ReturnType<typeof at>][]) => {
    const texts: string[] = [];
    let now = 0;
    const line = new ProgressLine({ isTTY, write: (text) => texts.push(text) }, () => now);
    for (const [ms, progress] of updates) {
      now = ms;
      line.update(progress);
    }
    line.clear();
    return texts;
  };

  it('is one line in a terminal, written over, and gone at the end', () => {
    const updates: [number, ReturnType<typeof at>][] = [
      [0, at(500)],
      [100, at(1_000)],
      [1_000, at(10_000)],
      [2_000, at(20_000, { total: undefined, waiting: 3 })],
    ];
    expect(written(true, updates)).toEqual([
      '\r\u001B[Kzoho: 10,000 of about 1,000,000 rows, 10,000 a second, 1:39 left',
      '\r\u001B[Kzoho: 20,000 rows, 10,000 a second, 3 wait for others',
      '\r\u001B[K',
    ]);
  });

  it('is a plain line now and then in a log', () => {
    const updates: [number, ReturnType<typeof at>][] = [
      [0, at(500)],
      [9_000, at(1_000)],
      [10_000, at(10_000)],
      [11_000, at(11_000)],
      [20_000, at(100_000)],
    ];
    expect(written(false, updates)).toEqual([
      'zoho: 10,000 of about 1,000,000 rows, 1,000 a second, 16:30 left\n',
      'zoho: 100,000 of about 1,000,000 rows, 5,000 a second, 3:00 left\n',
    ]);
  });

  it('counts the rate anew where the same rows are gone through again', () => {
    const updates: [number, ReturnType<typeof at>][] = [
      [0, at(500)],
      [9_000, at(1_000_000)],
      [9_000, at(500)],
      [19_000, at(10_000)],
    ];
    expect(written(false, updates)).toEqual([
      'zoho: 10,000 of about 1,000,000 rows, 1,000 a second, 16:30 left\n',
    ]);
  });

  it('is nothing where all is done at once', () => {
    expect(written(true, [[0, at(10)]])).toEqual([]);
  });
});
