/** Performs what docs/adopt/zoho.md tells: old service, half migrated, tokenkeep, and back. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KEY } from '../../helpers/database';
import { tableOf } from '../../helpers/tables';
import type { Process } from '../../zoho/processes';
import { open, placeOf } from '../../helpers/tk1-format';
import { ZohoApplication } from '../applications/zoho';
import { SEALING_OFF, UNSEALING, command, migration, statementsOf } from './guide';

/** The statements that the guide shows, by their number. */
const SQL = statementsOf('zoho');
const [TOO_LONG, LOOKALIKES, MOVE_TO_EU, PLAINTEXT, DEAD, SEALED, REMOVE, KEYS] = SQL;

/** What a command prints that the guide has its reader run. */
const runCommand = (app: ZohoApplication, name: 'migrate' | 'unseal', env = {}) =>
  command('zoho', name, { DATABASE_URL: app.database.url, ...env });

describe('the guide', () => {
  let app: ZohoApplication;
  beforeAll(async () => {
    app = await ZohoApplication.start();
  });
  afterAll(() => app.stop());

  it('shows statements that work, in its order', async () => {
    expect(SQL).toHaveLength(8);
    const run = async (sql: string) => (await app.database.client.query(sql)).rows;
    const old = await app.process('old');
    const { id } = await app.connect(old);
    expect(await run(TOO_LONG)).toEqual([{ count: '0' }]);
    expect(await run(LOOKALIKES)).toEqual([{ count: '0' }]);
    await run(MOVE_TO_EU);
    const [row] = await app.rows();
    expect(row!.metadata).toEqual({ accounts_server: 'https://accounts.zoho.eu' });
    await runCommand(app, 'migrate');
    expect(await run(PLAINTEXT)).toEqual([{ count: '1' }]);
    expect(await run(DEAD)).toEqual([]);
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
});

describe('an adoption', () => {
  let app: ZohoApplication;
  let old: Process[];
  let ours: Process[];
  let clients: string[];
  beforeAll(async () => {
    app = await ZohoApplication.start();
  });
  afterAll(() => app.stop());

  /** What all of them get for every client; nobody may fail, and each gets the client's own. */
  async function expectTokens(processes: Process[], callers = 2): Promise<string[]> {
    const answers = clients.flatMap((id) =>
      processes.map(async (one) => ({ id, tokens: await app.call(one, id, callers) })),
    );
    const rows = new Map((await app.rows()).map((row) => [row.client_id, row]));
    const given: string[] = [];
    for (const { id, tokens } of await Promise.all(answers)) {
      const family = app.provider.familyOf(refreshTokenOf(id, rows.get(id)!.refresh_token));
      for (const token of tokens as string[]) {
        expect(token).not.toMatch(/^failed/);
        expect(app.provider.familyOfAccess(token)).toBe(family);
        given.push(token);
      }
    }
    return given;
  }

  const refreshTokenOf = (id: string, stored: string) =>
    stored.startsWith('tk1.') ? open(stored, placeOf('refresh_token', id)) : stored;
  const isSealed = (text: string | null) => text?.startsWith('tk1.');

  it('begins with clients whom the old service has connected', async () => {
    old = await Promise.all([app.process('old'), app.process('old', { TZ: 'Asia/Kolkata' })]);
    clients = [];
    for (const one of [...old, ...old]) clients.push((await app.connect(one)).id);
    await expectTokens(old);
    expect(app.provider.requests).toHaveLength(0);
  });

  it('goes on with migrate, which leaves the rows as they are, and old instances at work', async () => {
    const before = await app.rows();
    expect(await runCommand(app, 'migrate')).toEqual({ stores: ['zoho'], leftOut: [] });
    const added = { refreshing_at: null, invalid_since: null, invalid_reason: null };
    expect(await app.rows()).toEqual(before.map((row) => ({ ...row, ...added })));
    const table = await tableOf(app.database, 'oauth_tokens');
    await app.database.client.query(migration('0002_zoho'));
    expect(await tableOf(app.database, 'oauth_tokens')).toEqual(table);
    await app.twoHoursPass();
    await expectTokens(old);
    clients.push((await app.connect(old[0]!)).id);
  });

  it('then both sides read every row, and nobody fails', async () => {
    ours = await Promise.all([
      app.process('tokenkeep', SEALING_OFF),
      app.process('tokenkeep', { ...SEALING_OFF, TZ: 'America/New_York' }),
    ]);
    app.provider.requests.length = 0;
    const given = await expectTokens([...old, ...ours]);
    expect(app.provider.requests).toHaveLength(0);
    expect(new Set(given).size).toBe(clients.length);
    clients.push((await app.connect(ours[0]!)).id, (await app.connect(ours[1]!)).id);
    const connected = await expectTokens([...old, ...ours]);
    expect(new Set(connected).size).toBe(clients.length);
    expect(app.provider.requests).toHaveLength(0);
    for (const one of [...old, ...ours]) {
      expect(await one.call('hasToken', clients[0]!, 'zoho_crm')).toBe(true);
      expect(await one.call('hasToken', 'nobody', 'zoho_crm')).toBe(false);
    }
  });

  it.each(['old instances first', 'tokenkeep first', 'all together', 'all together again'])(
    'also when tokens run out: %s',
    async (who) => {
      await app.twoHoursPass();
      const leaders = who.startsWith('old') ? old : ours;
      if (!who.startsWith('all')) await expectTokens(leaders);
      await expectTokens([...old, ...ours], 5);
      app.provider.requests.length = 0;
      await expectTokens([...old, ...ours]);
      expect(app.provider.requests).toHaveLength(0);
      for (const row of await app.rows()) {
        expect(isSealed(row.access_token) || isSealed(row.refresh_token)).toBe(false);
        expect(row.scopes).toBe('ZohoCRM.modules.ALL');
      }
    },
  );

  it('also when a client connects anew on either side, after its grant has died', async () => {
    const [id] = clients as [string];
    for (const by of [old[0]!, ours[0]!]) {
      const row = (await app.rows()).find((row) => row.client_id === id)!;
      app.provider.revoke(row.refresh_token);
      await app.twoHoursPass();
      // The endpoint's word for what Zoho calls invalid_code.
      const [refused] = await app.call(ours[1]!, id);
      expect(refused).toMatch(/^failed: TokenRevokedError: .* 400 - invalid_grant/);
      expect(await app.call(old[1]!, id)).toEqual([
        expect.stringMatching(/^failed: Error: Token refresh failed: 400/),
      ]);
      await app.aMinutePassesSinceDeath();
      await app.connect(by, id);
      await expectTokens([...old, ...ours]);
      await app.twoHoursPass();
      await expectTokens([...old, ...ours]);
    }
  });

  it('then tokenkeep alone seals, one instance after the other', async () => {
    await Promise.all(old.map((one) => one.stop()));
    const [first, second] = ours as [Process, Process];
    await first.stop();
    ours = [await app.process('tokenkeep'), second];
    await app.twoHoursPass();
    await expectTokens(ours);
    await expectTokens(ours);
    await second.stop();
  });

  it('refreshes once an expiry under four processes with fifty callers, and leaves no plaintext', async () => {
    const more = await Promise.all(Array.from({ length: 3 }, () => app.process('tokenkeep')));
    ours = [ours[0]!, ...more];
    for (let expiry = 0; expiry < 3; expiry++) {
      await app.twoHoursPass();
      app.provider.requests.length = 0;
      const given = await expectTokens(ours, 50);
      expect(app.provider.requests).toHaveLength(clients.length);
      expect(new Set(given).size).toBe(clients.length);
    }
    const rows = await app.rows();
    const dump = JSON.stringify(rows);
    for (const { client_id, access_token, refresh_token } of rows) {
      const plain = refreshTokenOf(client_id, refresh_token);
      expect(dump).not.toContain(plain);
      expect(isSealed(access_token) && isSealed(refresh_token)).toBe(true);
    }
    expect(dump).not.toMatch(/(access|refresh)-[\w-]{10}/);
    expect((await app.database.client.query(PLAINTEXT)).rows).toEqual([{ count: '0' }]);
    const strict = await app.process('tokenkeep', { TOKENKEEP_REQUIRE_SEALED: '1' });
    await expectTokens([strict]);
    await strict.stop();
  });

  it('is why sealing waits for the old instances: they would send sealed values to Zoho', async () => {
    const early = await app.process('old');
    const [answer] = await app.call(early, clients[0]!);
    expect(answer).toMatch(/^tk1\./);
    await early.stop();
  });

  it('can be taken back: with TOKENKEEP_SEALING=off plaintext is written again', async () => {
    await Promise.all(ours.map((one) => one.stop()));
    ours = [await app.process('tokenkeep', SEALING_OFF)];
    await expectTokens(ours);
    const [written] = clients as [string];
    await app.database.client.query(
      `UPDATE oauth_tokens SET token_expiry = token_expiry - interval '2 hours'
       WHERE client_id = $1`,
      [written],
    );
    await expectTokens(ours);
    for (const row of await app.rows()) {
      expect(isSealed(row.refresh_token)).toBe(row.client_id !== written);
    }
  });

  it('and unsealing what is left, so that the old service reads every row', async () => {
    await expect(runCommand(app, 'unseal', { TOKENKEEP_KEY: KEY })).rejects.toThrow(
      'TOKENKEEP_SEALING',
    );
    const rows = clients.length - 1;
    const env = UNSEALING;
    expect(await runCommand(app, 'unseal', env)).toEqual({ store: 'zoho', rows });
    expect(await runCommand(app, 'unseal', env)).toEqual({ store: 'zoho', rows: 0 });
    expect((await app.database.client.query(SEALED)).rows).toEqual([{ count: '0' }]);
    app.provider.requests.length = 0;
    old = [await app.process('old')];
    await expectTokens([...old, ...ours]);
    expect(app.provider.requests).toHaveLength(0);
    await Promise.all(ours.map((one) => one.stop()));
    await app.database.client.query(REMOVE);
    await app.twoHoursPass();
    await expectTokens(old);
  });
});
