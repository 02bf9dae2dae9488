import { describe, expect, it } from 'vitest';
import { KEY, OTHER_KEY } from '../helpers/database';
import { seal as sealGmail } from '../helpers/gmail-format';
import { failureOf, newGate, until } from '../helpers/promises';
import { runNow } from '../helpers/sync-statement';
import { seal as sealTk1 } from '../helpers/tk1-format';
import { storeCases } from '../testing/stores';
import {
  AFTER,
  allRest,
  BEFORE,
  BOTH,
  counts,
  fill,
  inAnHour,
  keepWith,
  keysOf,
  NAMES,
  rest,
  rotate,
  scene,
  tokensWith,
  useKeysScene,
} from './keys-scene';

useKeysScene();

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
    const { rows } = await scene.database.client.query(
      'SELECT DISTINCT key_version FROM gmail_tokens',
    );
    expect(rows).toEqual([{ key_version: 2 }]);
  });

  it('has nothing to do the second time', async () => {
    await fill(keepWith(BEFORE), 1);
    await rotate();
    const { rows } = await scene.database.client.query('SELECT * FROM oauth_tokens');
    const second = await rotate();
    expect(second.stores.map(({ resealed, from }) => ({ resealed, from }))).toEqual(
      NAMES.map(() => ({ resealed: 0, from: {} })),
    );
    expect((await scene.database.client.query('SELECT * FROM oauth_tokens')).rows).toEqual(rows);
  });

  it('goes through more rows than one statement takes', async () => {
    await scene.database.client.query(
      `INSERT INTO integration_tokens (user_id, provider, access_token, expires_at, scopes)
       SELECT n, 'p' || n % 7, '', now(), '{}' FROM generate_series(1, 1600) AS n`,
    );
    const { rows } = await scene.database.client.query(
      'SELECT user_id, provider FROM integration_tokens',
    );
    const texts = rows.map(({ user_id: user, provider }) =>
      sealTk1(`a-${user}`, {
        store: 'integration',
        column: 'access_token',
        parts: [user, provider],
      }),
    );
    await scene.database.client.query(
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
    await scene.database.client.query(`
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
    const users = await fill(keepWith({ ...BEFORE, ...keysOf(KEY) }), 2);
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
    await fill(keepWith({ ...BEFORE, ...keysOf(`7:${OTHER_KEY}`) }), 1);
    const { stores } = await keepWith(BOTH).rotate({ store: 'zoho' });
    expect(stores).toEqual([counts('zoho', { rows: 1, from: { 2: 1 } })]);
    const { rows } = await scene.database.client.query('SELECT refresh_token FROM oauth_tokens');
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
    const before = await scene.database.client.query(
      `SELECT * FROM oauth_tokens WHERE client_id <> 'z-known' ORDER BY client_id`,
    );
    const { stores } = await keepWith(BOTH).rotate({ store: 'zoho' });
    expect(stores).toEqual([
      counts('zoho', { rows: 3, resealed: 1, from: { 1: 1 }, plaintext: 1, unopened: 1 }),
    ]);
    const after = await scene.database.client.query(
      `SELECT * FROM oauth_tokens WHERE client_id <> 'z-known' ORDER BY client_id`,
    );
    expect(after.rows).toEqual(before.rows);
  });

  it('seals anew what opens of a row, beside a value that no key opens', async () => {
    await scene.database.client.query(
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
    const all = async () =>
      (await scene.database.client.query('SELECT * FROM integration_tokens')).rows;
    const before = await all();
    const { stores } = await keepWith(BOTH).rotate({ store: 'integration', dryRun: true });
    expect(stores).toEqual([counts('integration', { rows: 1, from: { 1: 1 } })]);
    expect(await all()).toEqual(before);
  });

  it('takes a row under a live lease last, and what its holder stores is not lost', async () => {
    const [user] = await fill(keepWith(BEFORE), 4);
    const { accessToken, refreshToken } = scene.endpoint.issue();
    const holder = keepWith(BEFORE);
    await holder.integration.storeToken(user!, 'google', {
      accessToken,
      refreshToken,
      expiresAt: new Date(0),
    });
    const gate = newGate();
    scene.endpoint.script(() => gate.opened);
    const refreshed = holder.integration.getValidToken(user!, 'google');
    await until(() => scene.endpoint.requests.length === 1);
    const waited = newGate();
    const rotated = keepWith(BOTH).rotate({
      store: 'integration',
      onProgress: ({ resealed, waiting }) => resealed === 3 && waiting === 1 && waited.open(),
    });
    await waited.opened;
    gate.open();
    const token = await refreshed;
    expect((await rotated).stores).toEqual([counts('integration', { rows: 4, from: { 1: 4 } })]);
    expect(scene.endpoint.requests).toHaveLength(1);
    expect(await keepWith(AFTER).integration.getToken(user!, 'google')).toEqual(token);
  });

  it('ends although a holder has died with its lease', async () => {
    await fill(keepWith(BEFORE), 1);
    await scene.database.client.query('UPDATE oauth_tokens SET refreshing_at = now()');
    const before = await rest('zoho');
    const { stores } = await keepWith({ ...BOTH, limitsDivisor: 100 }).rotate({ store: 'zoho' });
    expect(stores).toEqual([counts('zoho', { rows: 1, from: { 1: 1 } })]);
    expect(await rest('zoho')).toEqual(before);
  });

  it('is not held up by a locked row, which it takes when it is free', async () => {
    const [user] = await fill(keepWith(BEFORE), 3);
    await scene.database.client.query('BEGIN');
    await scene.database.client.query('SELECT FROM gmail_tokens WHERE user_id = $1 FOR UPDATE', [
      user,
    ]);
    const waited = newGate();
    const rotated = keepWith(BOTH).rotate({
      store: 'gmail',
      onProgress: ({ resealed, waiting }) => resealed === 2 && waiting === 1 && waited.open(),
    });
    await waited.opened;
    await scene.database.client.query('COMMIT');
    expect((await rotated).stores).toEqual([counts('gmail', { rows: 3, from: { 1: 3 } })]);
  });

  it('says how many rows it could not write until the end', async () => {
    const [user] = await fill(keepWith(BEFORE), 2);
    await scene.database.client.query(`
      CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
      CREATE TRIGGER keeps BEFORE UPDATE ON gmail_tokens
        FOR EACH ROW WHEN (OLD.user_id = '${user}') EXECUTE FUNCTION keep_row()`);
    const { stores } = await keepWith({ ...BOTH, limitsDivisor: 100 }).rotate({ store: 'gmail' });
    expect(stores).toEqual([
      counts('gmail', { rows: 2, resealed: 1, from: { 1: 1 }, unwritten: 1 }),
    ]);
  });

  it('does not undo what was stored since it has read the row', async () => {
    const users = Array.from({ length: 600 }, (_, index) => `user-${1_000 + index}`);
    await scene.database.client.query(
      `INSERT INTO gmail_tokens (id, tenant_id, user_id, encrypted_access_token,
         encrypted_refresh_token, expires_at, scope)
       SELECT user_id, 't', user_id, text, text, now(), ''
       FROM unnest($1::text[], $2::text[]) AS row (user_id, text)`,
      [users, users.map((user) => sealGmail(user, KEY))],
    );
    const change = `UPDATE gmail_tokens SET encrypted_refresh_token = '${sealGmail('new', KEY)}'
      WHERE user_id = 'user-1599'`;
    const { stores } = await keepWith(BOTH).rotate({
      store: 'gmail',
      // By then the second batch has been read, and is not written yet.
      onProgress: ({ rows }) => rows === 500 && runNow(scene.database.url, change),
    });
    expect(stores).toEqual([counts('gmail', { rows: 600, from: { 1: 600 } })]);
    const keep = keepWith(AFTER);
    const tokens = await Promise.all(users.map((user) => keep.gmail.getGmailTokenDecrypted(user)));
    expect(tokens.map((token) => token?.refreshToken)).toEqual([...users.slice(0, -1), 'new']);
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
    await scene.database.client.query('DROP TABLE google_calendar_tokens');
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
