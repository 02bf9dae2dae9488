/** Performs what docs/adopt/calendar.md tells: old program, half migrated, tokenkeep, and back. */

import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KEY } from '../../helpers/database';
import { tableOf } from '../../helpers/tables';
import { open } from '../../helpers/tk1-format';
import { CalendarApplication, type Process, SCOPES } from '../applications/calendar';
import { SEALING_OFF, command, migration, statementsOf } from './guide';

/** The statements that the guide shows, by their number. */
const SQL = statementsOf('calendar');
const [
  HELD,
  TOO_LONG,
  LOOKALIKES,
  GIVE_EXPIRY,
  MUST_CONNECT,
  REVOKE,
  PLAINTEXT,
  SEALED,
  REMOVE,
  KEYS,
] = SQL;

const openOf = (column: string, userId: string, sealed: string) =>
  open(sealed, { store: 'calendar', column, parts: [userId] });
const isSealed = (text: string) => text.startsWith('tk1.');

/** What a command prints that the guide has its reader run. */
const runCommand = (app: CalendarApplication, name: 'migrate' | 'unseal', env = {}) =>
  command('calendar', name, { DATABASE_URL: app.database.url, ...env });

describe('the guide', () => {
  let app: CalendarApplication;
  beforeAll(async () => {
    app = await CalendarApplication.start();
  });
  afterAll(() => app.stop());

  const run = async (sql: string) => (await app.database.client.query(sql)).rows;
  const runAs = async (url: string, sql: string) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return client
      .query(sql)
      .then(({ rows }) => rows)
      .finally(() => client.end());
  };

  it('shows statements that work, in its order', async () => {
    expect(SQL).toHaveLength(10);
    const old = await app.process('old');
    const id = await app.connect(old);
    expect(await runAs(app.database.serviceUrl, HELD)).toEqual([{ row_security_active: false }]);
    expect(await runAs(app.database.userUrl, HELD)).toEqual([{ row_security_active: true }]);
    expect(await run(TOO_LONG)).toEqual([{ count: '0' }]);
    expect(await run(LOOKALIKES)).toEqual([{ count: '0' }]);
    const [stored] = await app.rows();
    await run('UPDATE google_calendar_tokens SET token_expiry = NULL');
    await run(GIVE_EXPIRY);
    const [given] = await app.rows();
    expect(Math.abs(Number(given!.token_expiry) - Number(stored!.token_expiry))).toBeLessThan(
      10_000,
    );
    expect(await run(MUST_CONNECT)).toEqual([]);

    await runCommand(app, 'migrate');
    await run(REVOKE!.replace('anon, authenticated', app.database.userRole));
    await expect(app.database.asUser(id, 'SELECT * FROM google_calendar_tokens')).rejects.toThrow(
      'permission denied',
    );
    expect(await run(PLAINTEXT)).toEqual([{ count: '1' }]);
    expect(await run(SEALED)).toEqual([{ count: '0' }]);
    const ours = await app.process('tokenkeep');
    await app.twoHoursPass();
    expect(await app.call(ours, id)).toEqual([expect.stringMatching(/^access-/)]);
    expect(await run(PLAINTEXT)).toEqual([{ count: '0' }]);
    expect(await run(SEALED)).toEqual([{ count: '1' }]);
    expect(await run(KEYS)).toEqual([{ key_version: '1', count: '1' }]);
    await run(REMOVE);
    await runCommand(app, 'migrate');
  });

  it('finds rows that tokenkeep could not take, and users who must connect again', async () => {
    const old = await app.process('old');
    const save = async (access: string, refresh: string, scopes = SCOPES) => {
      const id = await app.database.user();
      await old.call('saveCalendarTokens', id, access, refresh, new Date(0), scopes);
    };
    const counts = async () => [
      (await run(TOO_LONG))[0].count,
      (await run(LOOKALIKES))[0].count,
      (await run(MUST_CONNECT)).length,
    ];
    expect(await counts()).toEqual(['0', '1', 0]);
    await save('access', 'refresh', [...SCOPES, 'x'.repeat(1_025)]);
    await save('access', 'tk1.1.AAAA');
    await save('access', '');
    expect(await counts()).toEqual(['1', '2', 1]);
  });
});

describe('an adoption', () => {
  let app: CalendarApplication;
  let old: Process[];
  let ours: Process[];
  let users: string[];
  beforeAll(async () => {
    app = await CalendarApplication.start();
  });
  afterAll(() => app.stop());

  /** What all of them get for every user; nobody may fail, and each gets the user's own. */
  async function expectTokens(processes: Process[], callers = 2): Promise<string[]> {
    const answers = users.flatMap((id) =>
      processes.map(async (one) => ({ id, tokens: await app.call(one, id, callers) })),
    );
    const rows = new Map((await app.rows()).map((row) => [row.user_id, row]));
    const given: string[] = [];
    for (const { id, tokens } of await Promise.all(answers)) {
      const family = app.provider.familyOf(refreshTokenOf(id, rows.get(id)!.refresh_token));
      for (const token of tokens as string[]) {
        expect(token).toMatch(/^access-/);
        expect(app.provider.familyOfAccess(token)).toBe(family);
        given.push(token);
      }
    }
    return given;
  }

  /** How many requests an act has sent to Google. */
  async function requestsOf(act: () => Promise<unknown>): Promise<number> {
    app.provider.requests.length = 0;
    await act();
    return app.provider.requests.length;
  }

  const refreshTokenOf = (id: string, stored: string) =>
    isSealed(stored) ? openOf('refresh_token', id, stored) : stored;
  const rowOf = async (id: string) => (await app.rows()).find((row) => row.user_id === id);

  it('begins with users whom the old program has connected', async () => {
    old = await Promise.all([app.process('old'), app.process('old', { TZ: 'Asia/Kolkata' })]);
    users = [];
    for (const one of [...old, ...old]) users.push(await app.connect(one));
    expect(await requestsOf(() => expectTokens(old))).toBe(0);
  });

  it('goes on with migrate, which leaves the rows as they are, and the old program at work', async () => {
    const before = await app.rows();
    expect(await runCommand(app, 'migrate')).toEqual({ stores: ['calendar'], leftOut: [] });
    expect(await app.rows()).toEqual(before.map((row) => ({ ...row, refreshing_at: null })));
    const table = await tableOf(app.database, 'google_calendar_tokens');
    expect(table).toMatchObject({ policies: { length: 1 }, isRowSecure: ['true'] });
    await app.database.client.query(migration('0004_calendar'));
    expect(await tableOf(app.database, 'google_calendar_tokens')).toEqual(table);
    await expectTokens(old);
    users.push(await app.connect(old[0]!));
  });

  it('then both sides read every row, and nobody fails', async () => {
    ours = await Promise.all([
      app.process('tokenkeep', SEALING_OFF),
      app.process('tokenkeep', { ...SEALING_OFF, TZ: 'America/New_York' }),
    ]);
    const all = [...old, ...ours];
    let given: string[] = [];
    expect(await requestsOf(async () => (given = await expectTokens(all)))).toBe(0);
    expect(new Set(given).size).toBe(users.length);
    users.push(await app.connect(ours[0]!), await app.connect(ours[1]!));
    expect(await requestsOf(async () => (given = await expectTokens(all)))).toBe(0);
    expect(new Set(given).size).toBe(users.length);
  });

  it('and the same of it: tokens, expiry, scopes', async () => {
    for (const id of users) {
      const row = (await rowOf(id))!;
      expect(await old[0]!.call('getCalendarTokens', id)).toEqual({
        access_token: row.access_token,
        refresh_token: row.refresh_token,
        token_expiry: expect.any(String),
        scopes: SCOPES,
      });
      expect(await ours[0]!.call('getCalendarTokens', id)).toEqual({
        accessToken: row.access_token,
        refreshToken: row.refresh_token,
        tokenExpiry: row.token_expiry,
        scopes: SCOPES,
      });
    }
    const nobody = await app.database.user();
    for (const one of [...old, ...ours]) {
      expect(await one.call('getCalendarTokens', nobody)).toBeNull();
      expect(await one.call('getCredentialsForUser', nobody)).toBeNull();
    }
  });

  it('also when tokens run out: tokenkeep refreshes, the old program reads what it has stored', async () => {
    const spent = new Set(await expectTokens(old));
    await app.twoHoursPass();
    // The old program alone goes on with tokens that have run out.
    expect(
      await requestsOf(async () => expect(await expectTokens(old)).toContain([...spent][0])),
    ).toBe(0);
    let given: string[] = [];
    expect(await requestsOf(async () => (given = await expectTokens(ours, 10)))).toBe(users.length);
    expect(new Set(given).size).toBe(users.length);
    expect(given.some((token) => spent.has(token))).toBe(false);
    expect(await requestsOf(async () => (given = await expectTokens(old)))).toBe(0);
    expect(given.some((token) => spent.has(token))).toBe(false);
    for (const row of await app.rows()) {
      expect(isSealed(row.access_token) || isSealed(row.refresh_token)).toBe(false);
      expect(row.scopes).toEqual(SCOPES);
      expect(Number(row.token_expiry)).toBeGreaterThan(Date.now() + 3_000_000);
    }
  });

  it('also when a user connects anew on either side, after the grant has died', async () => {
    const [id] = users as [string];
    for (const by of [old[0]!, ours[0]!]) {
      app.provider.revoke((await rowOf(id))!.refresh_token);
      await app.twoHoursPass();
      const [refused] = await app.call(ours[1]!, id);
      expect(refused).toMatch(/^failed: TokenRevokedError: .* 400 - invalid_grant/);
      for (const one of [...old, ...ours]) expect(await app.call(one, id)).toEqual([null]);
      await app.connect(by, id);
      await expectTokens([...ours, ...old]);
      await app.twoHoursPass();
      await expectTokens([...ours, ...old]);
    }
  });

  it('also when either side disconnects a user, or the user is deleted', async () => {
    for (const by of [old[1]!, ours[1]!]) {
      const id = await app.connect(by);
      await by.call('deleteCalendarTokens', id);
      for (const one of [...old, ...ours]) expect(await app.call(one, id)).toEqual([null]);
    }
    const id = await app.connect(ours[0]!);
    await app.database.client.query('DELETE FROM auth.users WHERE id = $1', [id]);
    for (const one of [...old, ...ours]) expect(await app.call(one, id)).toEqual([null]);
    await expectTokens([...old, ...ours]);
  });

  it('then tokenkeep alone seals, one instance after the other, each row at its next write', async () => {
    await Promise.all(old.map((one) => one.stop()));
    const [first, second] = ours as [Process, Process];
    await first.stop();
    ours = [await app.process('tokenkeep'), second];
    const [refreshed, connected] = users as [string, string];
    await app.twoHoursPass(refreshed);
    await app.call(ours[0]!, refreshed);
    await app.connect(ours[0]!, connected);
    for (const { user_id, access_token, refresh_token } of await app.rows()) {
      const isWritten = [refreshed, connected].includes(user_id);
      expect([isSealed(access_token), isSealed(refresh_token)]).toEqual([isWritten, isWritten]);
    }
    await expectTokens(ours);
    await second.stop();
  });

  it('refreshes once an expiry under four processes with fifty callers, and leaves no plaintext', async () => {
    const more = await Promise.all(Array.from({ length: 3 }, () => app.process('tokenkeep')));
    ours = [ours[0]!, ...more];
    for (let expiry = 0; expiry < 3; expiry++) {
      await app.twoHoursPass();
      let given: string[] = [];
      const sent = await requestsOf(async () => (given = await expectTokens(ours, 50)));
      expect(sent).toBe(users.length);
      expect(new Set(given).size).toBe(users.length);
    }
    const rows = await app.rows();
    const dump = JSON.stringify(rows);
    for (const { user_id, access_token, refresh_token } of rows) {
      expect(isSealed(access_token) && isSealed(refresh_token)).toBe(true);
      expect(dump).not.toContain(openOf('refresh_token', user_id, refresh_token));
    }
    expect(dump).not.toMatch(/(access|refresh)-[\w-]{10}/);
    expect((await app.database.client.query(PLAINTEXT)).rows).toEqual([{ count: '0' }]);
    const strict = await app.process('tokenkeep', { TOKENKEEP_REQUIRE_SEALED: '1' });
    await expectTokens([strict]);
    await strict.stop();
  });

  it('leaves the policy in force: a user sees the own row alone, and a server sees all', async () => {
    const select = 'SELECT user_id FROM google_calendar_tokens';
    for (const id of users) {
      expect(await app.database.asUser(id, select)).toEqual([{ user_id: id }]);
    }
    const [one, other] = users as [string, string];
    const erase = 'DELETE FROM google_calendar_tokens WHERE user_id = $1 RETURNING user_id';
    expect(await app.database.asUser(one, erase, [other])).toEqual([]);
    const steal = 'INSERT INTO google_calendar_tokens VALUES ($1, $2, $2)';
    const nobody = await app.database.user();
    await expect(app.database.asUser(one, steal, [nobody, 'token'])).rejects.toThrow(
      'row-level security',
    );
    const server = new pg.Client({ connectionString: app.database.serviceUrl });
    await server.connect();
    const { rows } = await server.query(select).finally(() => server.end());
    expect(rows).toHaveLength(users.length);
  });

  it('says so where tokenkeep is given the role that the policy holds', async () => {
    const [id] = users as [string];
    const held = await app.process('tokenkeep', { DATABASE_URL: app.database.userUrl });
    const before = await app.rows();
    for (const answer of [
      await held.call('getCalendarTokens', id),
      await held.call('getCredentialsForUser', id),
      await held.call('saveCalendarTokens', id, 'access', 'refresh', null, SCOPES),
      await held.call('deleteCalendarTokens', id),
    ]) {
      expect(answer).toMatch(/^failed: TenantRequiredError: .*BYPASSRLS/);
    }
    expect(await app.rows()).toEqual(before);
    await held.stop();
  });

  it('is why sealing waits for the old program: it would send sealed values to Google', async () => {
    const early = await app.process('old');
    const [id] = users as [string];
    expect(await app.call(early, id)).toEqual([expect.stringMatching(/^tk1\./)]);
    await early.stop();
  });

  it('can be taken back: with TOKENKEEP_SEALING=off plaintext is written again', async () => {
    await Promise.all(ours.map((one) => one.stop()));
    ours = [await app.process('tokenkeep', SEALING_OFF)];
    await expectTokens(ours);
    const [written] = users as [string];
    await app.twoHoursPass(written);
    await expectTokens(ours);
    for (const row of await app.rows()) {
      expect(isSealed(row.refresh_token)).toBe(row.user_id !== written);
    }
  });

  it('and unsealing what is left, so that the old program works on every row', async () => {
    await expect(runCommand(app, 'unseal', { TOKENKEEP_KEY: KEY })).rejects.toThrow(
      'TOKENKEEP_SEALING',
    );
    const rows = users.length - 1;
    const env = { DATABASE_URL: app.database.serviceUrl, TOKENKEEP_KEY: KEY, ...SEALING_OFF };
    expect(await runCommand(app, 'unseal', env)).toEqual({ store: 'calendar', rows });
    expect(await runCommand(app, 'unseal', env)).toEqual({ store: 'calendar', rows: 0 });
    expect((await app.database.client.query(SEALED)).rows).toEqual([{ count: '0' }]);
    old = [await app.process('old')];
    expect(await requestsOf(() => expectTokens([...old, ...ours]))).toBe(0);
    await Promise.all(ours.map((one) => one.stop()));
    await app.database.client.query(REMOVE);
    await expectTokens(old);
    for (const id of users) await app.connect(old[0]!, id);
    await expectTokens(old);
    const [id] = users as [string];
    await old[0]!.call('deleteCalendarTokens', id);
    expect(await app.call(old[0]!, id)).toEqual([null]);
  });
});
