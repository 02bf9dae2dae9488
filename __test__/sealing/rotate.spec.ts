import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createTokenKeep,
  type RotatedStore,
  type TokenKeep,
  type TokenKeepOptions,
} from '../../dist/index.js';
import { emptyDatabase, KEY, OTHER_KEY, type TestDatabase } from '../helpers/database';
import { seal as sealGmail } from '../helpers/gmail-format';
import { failureOf, newGate, until } from '../helpers/promises';
import { seal as sealTk1 } from '../helpers/tk1-format';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { storeCases } from '../testing/stores';

const SECRET = 'a'.repeat(32);
const OTHER_SECRET = 'b'.repeat(32);
const NAMES = ['gmail', 'zoho', 'vault', 'calendar', 'integration'] as const;
const TABLES = {
  gmail: 'gmail_tokens',
  zoho: 'oauth_tokens',
  vault: 'token_vault',
  calendar: 'google_calendar_tokens',
  integration: 'integration_tokens',
};

/** Before the key changes, while it changes, and when only the new one is left. */
const keysOf = (ring: string) => ({ tokenkeepKey: ring, gmailEncryptionKey: ring });
const BEFORE = { ...keysOf(`1:${KEY}`), encryptionSecret: SECRET };
const BOTH = {
  ...keysOf(`2:${OTHER_KEY},1:${KEY}`),
  encryptionSecret: OTHER_SECRET,
  encryptionSecretPrevious: SECRET,
};
const AFTER = { ...keysOf(`2:${OTHER_KEY}`), encryptionSecret: OTHER_SECRET };

let database: TestDatabase;
let endpoint: Awaited<ReturnType<typeof startTokenEndpoint>>;
let keeps: TokenKeep[] = [];
beforeEach(async () => {
  database = await emptyDatabase();
  endpoint = await startTokenEndpoint();
  await keepWith(BEFORE).migrate({ stores: [...NAMES] });
});
afterEach(async () => {
  await Promise.all(keeps.splice(0).map((keep) => keep.close({ timeoutMs: 1_000 })));
  await endpoint.close();
  await database.drop();
});

function keepWith(options: TokenKeepOptions): TokenKeep {
  const keep = createTokenKeep({
    databaseUrl: database.url,
    googleClientId: 'client',
    googleClientSecret: 'secret',
    googleTokenUrl: endpoint.url,
    zohoTokenUrl: endpoint.url,
    googleOauthRedirectUri: 'http://127.0.0.1:1/callback',
    ...options,
  });
  keeps.push(keep);
  return keep;
}

const inAnHour = () => new Date(Date.now() + 3_600_000);

/** So many users, each in every store; gives their ids. */
async function fill(keep: TokenKeep, count: number): Promise<string[]> {
  const users = Array.from({ length: count }, () => randomUUID());
  const each = users.flatMap((user) => storeCases(user).map((one) => ({ user, one })));
  await Promise.all(
    each.map(({ user, one }) =>
      one.store(keep, inAnHour(), { accessToken: `access-${user}`, refreshToken: `re-${user}` }),
    ),
  );
  return users;
}

/** All rows without the columns that are sealed. */
async function rest(store: keyof typeof TABLES): Promise<unknown[]> {
  const { rows } = await database.client.query(
    `SELECT to_jsonb(t) - 'access_token' - 'refresh_token' - 'encrypted_value' - 'key_version'
       - 'encrypted_access_token' - 'encrypted_refresh_token' AS row
     FROM ${TABLES[store]} AS t ORDER BY 1`,
  );
  return rows.map(({ row }) => row);
}

async function allRest() {
  const all = [];
  for (const store of NAMES) all.push(await rest(store));
  return all;
}

/** What callers get for each user with these keys. */
const tokensWith = (options: TokenKeepOptions, users: string[]) => {
  const keep = keepWith(options);
  const calls = users.flatMap((user) => storeCases(user).map((one) => one.valid(keep)));
  return Promise.all(calls);
};

const rotate = (options: TokenKeepOptions = BOTH) => keepWith(options).rotate();

/** How the rows of a store were counted. */
const counts = (store: string, counted: Partial<RotatedStore>) => ({
  store,
  key: store === 'vault' ? 'current' : '2',
  rows: 0,
  resealed: counted.rows ?? 0,
  from: {},
  plaintext: 0,
  unopened: 0,
  unwritten: 0,
  ...counted,
});

describe('rotate', () => {
  it('leaves no value in any store that needs the old key, and changes nothing else', async () => {
    const users = await fill(keepWith(BEFORE), 3);
    const before = await allRest();
    const { stores, pending } = await rotate();
    expect(pending).toEqual([]);
    expect(stores).toEqual([
      counts('gmail', { rows: 3, from: { 1: 3 } }),
      counts('zoho', { rows: 3, from: { 1: 3 } }),
      counts('vault', { rows: 12, from: { previous: 12 } }),
      counts('calendar', { rows: 3, from: { 1: 3 } }),
      counts('integration', { rows: 3, from: { 1: 3 } }),
    ]);
    expect(await allRest()).toEqual(before);
    const expected = users.flatMap((user) => storeCases(user).map(() => `access-${user}`));
    expect(await tokensWith(AFTER, users)).toEqual(expected);
    const { rows } = await database.client.query('SELECT DISTINCT key_version FROM gmail_tokens');
    expect(rows).toEqual([{ key_version: 2 }]);
  });

  it('has nothing to do the second time', async () => {
    await fill(keepWith(BEFORE), 1);
    await rotate();
    const { rows } = await database.client.query('SELECT * FROM oauth_tokens');
    const second = await rotate();
    expect(second.stores.map(({ resealed, from }) => ({ resealed, from }))).toEqual(
      NAMES.map(() => ({ resealed: 0, from: {} })),
    );
    expect((await database.client.query('SELECT * FROM oauth_tokens')).rows).toEqual(rows);
  });

  it('goes through more rows than one statement takes', async () => {
    await database.client.query(
      `INSERT INTO integration_tokens (user_id, provider, access_token, expires_at, scopes)
       SELECT n, 'p' || n % 7, '', now(), '{}' FROM generate_series(1, 1600) AS n`,
    );
    const { rows } = await database.client.query(
      'SELECT user_id, provider FROM integration_tokens',
    );
    const texts = rows.map(({ user_id: user, provider }) =>
      sealTk1(`a-${user}`, {
        store: 'integration',
        column: 'access_token',
        parts: [user, provider],
      }),
    );
    await database.client.query(
      `UPDATE integration_tokens AS t SET access_token = new.text
       FROM unnest($1::text[], $2::text[]) AS new (user_id, text) WHERE t.user_id = new.user_id`,
      [rows.map((row) => row.user_id), texts],
    );
    const seen: number[] = [];
    const { stores } = await keepWith(BOTH).rotate({
      store: 'integration',
      onProgress: (progress) => seen.push(progress.rows),
    });
    expect(stores).toEqual([counts('integration', { rows: 1_600, from: { 1: 1_600 } })]);
    expect(seen).toEqual([500, 1_000, 1_500, 1_600]);
    const keep = keepWith(AFTER);
    const tokens = rows.map((row) => keep.integration.getToken(row.user_id, row.provider));
    expect((await Promise.all(tokens)).map((token) => token?.accessToken)).toEqual(
      rows.map((row) => `a-${row.user_id}`),
    );
  });

  it('reaches dead rows, rows in doubt and rows without a refresh token', async () => {
    const keep = keepWith(BEFORE);
    for (const user of ['dead', 'doubt']) {
      await keep.zoho.storeTokens(user, 'zoho_crm', { refreshToken: `r-${user}` });
    }
    await keep.integration.storeToken('none', 'acme', {
      accessToken: 'a-none',
      expiresAt: inAnHour(),
    });
    await database.client.query(`
      UPDATE oauth_tokens SET invalid_since = now(), invalid_reason = 'invalid_code'
        WHERE client_id = 'dead';
      UPDATE oauth_tokens SET refreshing_at = now() - interval '10 minutes'
        WHERE client_id = 'doubt'`);
    const before = await rest('zoho');
    const { stores } = await keepWith(BOTH).rotate({ store: ['zoho', 'integration'] });
    expect(stores).toEqual([
      counts('zoho', { rows: 2, from: { 1: 2 } }),
      counts('integration', { rows: 1, from: { 1: 1 } }),
    ]);
    expect(await rest('zoho')).toEqual(before);
    expect(await keepWith(AFTER).integration.getToken('none', 'acme')).toMatchObject({
      accessToken: 'a-none',
      refreshToken: null,
    });
  });

  it('tells two keys apart that both had the number 1, by what they open', async () => {
    const bare = { tokenkeepKey: KEY, gmailEncryptionKey: KEY };
    const users = await fill(keepWith({ ...bare, encryptionSecret: SECRET }), 2);
    const renumbered = keysOf(`1:${OTHER_KEY},2:${KEY}`);
    const { stores } = await keepWith(renumbered).rotate({ store: ['gmail', 'zoho'] });
    expect(stores.map(({ key, resealed, from }) => ({ key, resealed, from }))).toEqual([
      { key: '1', resealed: 2, from: { 2: 2 } },
      { key: '1', resealed: 2, from: { 2: 2 } },
    ]);
    const keep = keepWith(keysOf(OTHER_KEY));
    for (const user of users) {
      expect((await keep.gmail.getValidGmailToken(user)).accessToken).toBe(`access-${user}`);
    }
  });

  it('corrects the number in a value that the first key has sealed under another one', async () => {
    await fill(keepWith({ ...keysOf(`7:${OTHER_KEY}`), encryptionSecret: SECRET }), 1);
    const { stores } = await keepWith(BOTH).rotate({ store: 'zoho' });
    expect(stores).toEqual([counts('zoho', { rows: 1, from: { 2: 1 } })]);
    const { rows } = await database.client.query('SELECT refresh_token FROM oauth_tokens');
    expect(rows[0].refresh_token).toMatch(/^tk1\.2\./);
  });

  it('counts plaintext and values that no key opens, and goes on', async () => {
    const keep = keepWith(BEFORE);
    await keepWith({ tokenkeepKey: '99'.repeat(32) }).zoho.storeTokens('lost', 'zoho_crm', {
      refreshToken: 'r',
    });
    await keepWith({ ...BEFORE, sealing: 'off' }).zoho.storeTokens('plain', 'zoho_crm', {
      refreshToken: 'r-plain',
    });
    await keep.zoho.storeTokens('z-known', 'zoho_crm', { refreshToken: 'r' });
    const before = await database.client.query(
      `SELECT * FROM oauth_tokens WHERE client_id <> 'z-known' ORDER BY client_id`,
    );
    const { stores } = await keepWith(BOTH).rotate({ store: 'zoho' });
    expect(stores).toEqual([
      counts('zoho', { rows: 3, resealed: 1, from: { 1: 1 }, plaintext: 1, unopened: 1 }),
    ]);
    const after = await database.client.query(
      `SELECT * FROM oauth_tokens WHERE client_id <> 'z-known' ORDER BY client_id`,
    );
    expect(after.rows).toEqual(before.rows);
  });

  it('seals anew what opens of a row, beside a value that no key opens', async () => {
    await database.client.query(
      `INSERT INTO gmail_tokens (id, tenant_id, user_id, encrypted_access_token,
         encrypted_refresh_token, expires_at, scope)
       VALUES ('1', 't', 'u', $1, 'malformed', now(), '')`,
      [sealGmail('access', KEY)],
    );
    const { stores } = await keepWith(BOTH).rotate({ store: 'gmail' });
    expect(stores).toEqual([counts('gmail', { rows: 1, from: { 1: 1 }, unopened: 1 })]);
    const again = await keepWith(BOTH).rotate({ store: 'gmail' });
    expect(again.stores[0]).toMatchObject({ resealed: 0, unopened: 1 });
  });

  it('writes nothing in a dry run', async () => {
    await fill(keepWith(BEFORE), 1);
    const all = async () => (await database.client.query('SELECT * FROM integration_tokens')).rows;
    const before = await all();
    const { stores } = await keepWith(BOTH).rotate({ store: 'integration', dryRun: true });
    expect(stores).toEqual([counts('integration', { rows: 1, from: { 1: 1 } })]);
    expect(await all()).toEqual(before);
  });

  it('takes a row under a live lease last, and what its holder stores is not lost', async () => {
    const [user] = await fill(keepWith(BEFORE), 4);
    const { accessToken, refreshToken } = endpoint.issue();
    const holder = keepWith(BEFORE);
    await holder.integration.storeToken(user!, 'google', {
      accessToken,
      refreshToken,
      expiresAt: new Date(0),
    });
    const gate = newGate();
    endpoint.script(() => gate.opened);
    const refreshed = holder.integration.getValidToken(user!, 'google');
    await until(() => endpoint.requests.length === 1);
    const waited = newGate();
    const rotated = keepWith(BOTH).rotate({
      store: 'integration',
      onProgress: ({ resealed, waiting }) => resealed === 3 && waiting === 1 && waited.open(),
    });
    await waited.opened;
    gate.open();
    const token = await refreshed;
    expect((await rotated).stores).toEqual([counts('integration', { rows: 4, from: { 1: 4 } })]);
    expect(endpoint.requests).toHaveLength(1);
    expect(await keepWith(AFTER).integration.getToken(user!, 'google')).toEqual(token);
  });

  it('ends although a holder has died with its lease', async () => {
    await fill(keepWith(BEFORE), 1);
    await database.client.query('UPDATE oauth_tokens SET refreshing_at = now()');
    const before = await rest('zoho');
    const { stores } = await keepWith({ ...BOTH, limitsDivisor: 100 }).rotate({ store: 'zoho' });
    expect(stores).toEqual([counts('zoho', { rows: 1, from: { 1: 1 } })]);
    expect(await rest('zoho')).toEqual(before);
  });

  it('is not held up by a locked row, which it takes when it is free', async () => {
    const [user] = await fill(keepWith(BEFORE), 3);
    await database.client.query('BEGIN');
    await database.client.query('SELECT FROM gmail_tokens WHERE user_id = $1 FOR UPDATE', [user]);
    const waited = newGate();
    const rotated = keepWith(BOTH).rotate({
      store: 'gmail',
      onProgress: ({ resealed, waiting }) => resealed === 2 && waiting === 1 && waited.open(),
    });
    await waited.opened;
    await database.client.query('COMMIT');
    expect((await rotated).stores).toEqual([counts('gmail', { rows: 3, from: { 1: 3 } })]);
  });

  it('says how many rows it could not write until the end', async () => {
    const [user] = await fill(keepWith(BEFORE), 2);
    await database.client.query(`
      CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
      CREATE TRIGGER keeps BEFORE UPDATE ON gmail_tokens
        FOR EACH ROW WHEN (OLD.user_id = '${user}') EXECUTE FUNCTION keep_row()`);
    const { stores } = await keepWith({ ...BOTH, limitsDivisor: 100 }).rotate({ store: 'gmail' });
    expect(stores).toEqual([
      counts('gmail', { rows: 2, resealed: 1, from: { 1: 1 }, unwritten: 1 }),
    ]);
  });

  it('does not undo what is stored at the same time', async () => {
    const users = await fill(keepWith(BEFORE), 100);
    const keep = keepWith(BOTH);
    const storing = users.map((user) =>
      keep.zoho.storeTokens(user, 'zoho_crm', { refreshToken: `new-${user}` }),
    );
    await Promise.all([...storing, keep.rotate({ store: 'zoho' })]);
    await keep.rotate({ store: 'zoho' });
    const after = keepWith(AFTER);
    const { rows } = await database.client.query(
      'SELECT client_id, refresh_token FROM oauth_tokens',
    );
    for (const row of rows) {
      const parts = [row.client_id, 'zoho_crm'];
      const text = after.openValue('zoho', 'refresh_token', parts, row.refresh_token);
      expect(text).toBe(`new-${row.client_id}`);
    }
  });

  it('ends at a signal with its reason, and the next run does the rest', async () => {
    await fill(keepWith(BEFORE), 1);
    const aborter = new AbortController();
    const reason = new Error('enough');
    const stopped = keepWith(BOTH).rotate({
      signal: aborter.signal,
      onProgress: () => aborter.abort(reason),
    });
    expect(await failureOf(stopped)).toBe(reason);
    const { stores } = await rotate();
    expect(stores.filter(({ resealed }) => resealed > 0).map(({ store }) => store)).toEqual(
      NAMES.filter((store) => store !== 'gmail'),
    );
  });

  it('takes the stores whose key is set and whose table exists, unless they are named', async () => {
    const { tokenkeepKey } = BOTH;
    await database.client.query('DROP TABLE google_calendar_tokens');
    const { stores } = await keepWith({ tokenkeepKey }).rotate();
    expect(stores.map(({ store }) => store)).toEqual(['zoho', 'integration']);
    const named = keepWith({ tokenkeepKey }).rotate({ store: 'calendar' });
    expect(await failureOf(named)).toMatchObject({ code: 'ERR_TOKENKEEP_SCHEMA' });
    const keyless = keepWith({ tokenkeepKey }).rotate({ store: 'gmail' });
    expect((await failureOf(keyless)).message).toMatch(/^GMAIL_ENCRYPTION_KEY/);
    const without = keepWith({ tokenkeepKey: '' }).rotate();
    expect(await failureOf(without)).toMatchObject({ code: 'ERR_TOKENKEEP_CONFIGURATION' });
  });

  it('refuses options that it does not have, and values of a wrong type', async () => {
    const refused = [
      [{ store: 'gmial' }, 'store'],
      [{ store: 7 }, 'store'],
      [{ stores: ['gmail'] }, 'stores'],
      [{ retire: 9 }, 'retire'],
      [{ retire: 2 }, 'retire'],
      [{ onProgress: 'loud' }, 'onProgress'],
      [{ signal: {} }, 'signal'],
      [{ dryRun: 'yes' }, 'dryRun'],
    ] as const;
    await fill(keepWith(BEFORE), 1);
    for (const [options, argument] of refused) {
      const failure = await failureOf(keepWith(BOTH).rotate(options as never));
      expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_INVALID_ARGUMENT', argument });
    }
    expect((await rotate()).stores[0]).toMatchObject({ store: 'gmail', resealed: 1 });
  });
});

describe('rotate({ retire })', () => {
  it('says that nothing needs the key once nothing does', async () => {
    await fill(keepWith(BEFORE), 1);
    const { retire } = await keepWith(BOTH).rotate({ store: 'zoho', retire: 1 });
    expect(retire).toMatchObject({ key: '1', variables: ['TOKENKEEP_KEY'] });
    // The other stores of the same variable are looked at, although they were not rotated.
    expect(retire?.neededBy).toEqual([
      { where: 'calendar', key: '1', rows: 1 },
      { where: 'integration', key: '1', rows: 1 },
    ]);
    expect((await keepWith(BOTH).rotate({ retire: 1 })).retire).toEqual({
      key: '1',
      variables: ['GMAIL_ENCRYPTION_KEY', 'TOKENKEEP_KEY'],
      neededBy: [],
    });
    expect((await keepWith(BOTH).rotate({ retire: 'previous' })).retire).toEqual({
      key: 'previous',
      variables: ['ENCRYPTION_SECRET'],
      neededBy: [],
    });
  });

  it('finds what a process that has the old key first has stored since', async () => {
    await fill(keepWith(BEFORE), 1);
    await rotate();
    const late = keepWith({ tokenkeepKey: `1:${KEY},2:${OTHER_KEY}` });
    await late.zoho.storeTokens('late', 'zoho_crm', { refreshToken: 'r' });
    const { retire } = await keepWith(BOTH).rotate({ store: 'zoho', retire: 1, dryRun: true });
    expect(retire?.neededBy).toEqual([{ where: 'zoho', key: '1', rows: 1 }]);
  });

  it('keeps the key as long as a connect link is signed with it', async () => {
    const link = await keepWith(BEFORE).connector.link('calendar', { userId: randomUUID() });
    const both = keepWith(BOTH);
    const { pending, retire } = await both.rotate({ store: 'calendar', retire: 1 });
    const use = { where: 'tokenkeep.oauth_state', key: '1', rows: 1, until: expect.any(Date) };
    expect(pending).toEqual([use]);
    expect(retire?.neededBy).toEqual([use]);
    const left = Number(pending[0]!.until) - Date.now();
    expect(left).toBeGreaterThan(23 * 3_600_000);
    expect(left).toBeLessThan(25 * 3_600_000);
    // It still works, after the rotation.
    await both.connector.checkLink('calendar', link);
    await database.client.query(`UPDATE tokenkeep.oauth_state SET expires_at = now()`);
    const later = await both.rotate({ store: 'calendar', retire: 1 });
    expect(later.retire?.neededBy).toEqual([]);
    await keepWith(BOTH).connector.link('calendar', { userId: randomUUID() });
    expect((await both.rotate({ store: 'calendar', retire: 1 })).pending).toEqual([]);
  });
});
