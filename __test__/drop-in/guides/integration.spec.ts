/** Performs what docs/adopt/integration.md tells: old service, half migrated, tokenkeep, and back. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { KEY } from '../../helpers/database';
import { tableOf } from '../../helpers/tables';
import { open } from '../../helpers/tk1-format';
import {
  type Account,
  IntegrationApplication,
  type Process,
  SCOPES,
} from '../applications/integration';
import { SEALING_OFF, UNSEALING, command, migration, statementsOf } from './guide';

/** The statements that the guide shows, by their number. */
const SQL = statementsOf('integration');
const [TOO_LONG, LOOKALIKES, PLAINTEXT, DEAD, FAILING, SILENT, SEALED, REMOVE, KEYS] = SQL;

const keyOf = ({ userId, provider }: Account) => `${userId}/${provider}`;
const isSealed = (text: string | null) => text?.startsWith('tk1.') ?? false;
const refreshTokenOf = ({ userId, provider }: Account, stored: string) => {
  const place = { store: 'integration', column: 'refresh_token', parts: [userId, provider] };
  return isSealed(stored) ? open(stored, place) : stored;
};

/** What a command prints that the guide has its reader run. */
const runCommand = (app: IntegrationApplication, name: 'migrate' | 'unseal', env = {}) =>
  command('integration', name, { DATABASE_URL: app.database.url, ...env });

describe('the guide', () => {
  let app: IntegrationApplication;
  beforeAll(async () => {
    app = await IntegrationApplication.start();
  });
  afterAll(() => app.stop());

  const run = async (sql: string) => (await app.database.client.query(sql)).rows;

  it('shows statements that work, in its order', async () => {
    expect(SQL).toHaveLength(9);
    const old = await app.process('old');
    const account = await app.connect(old);
    const bare = { userId: 'bare', provider: 'google#work' };
    await app.connect(old, bare);
    await run(`UPDATE integration_tokens SET refresh_token = NULL WHERE user_id = 'bare'`);
    expect(await run(TOO_LONG)).toEqual([{ count: '0' }]);
    expect(await run(LOOKALIKES)).toEqual([{ count: '0' }]);
    await runCommand(app, 'migrate');
    expect(await run(PLAINTEXT)).toEqual([{ count: '2' }]);
    expect(await run(SEALED)).toEqual([{ count: '0' }]);

    const ours = await app.process('tokenkeep');
    await app.connect(ours, bare);
    await run(`UPDATE integration_tokens SET refresh_token = NULL WHERE user_id = 'bare'`);
    await app.twoHoursPass(account.userId);
    expect(await app.call(ours, account)).toEqual([expect.stringMatching(/^access-/)]);
    expect(await run(PLAINTEXT)).toEqual([{ count: '0' }]);
    expect(await run(SEALED)).toEqual([{ count: '2' }]);
    expect(await run(KEYS)).toEqual([{ key_version: '1', count: '3' }]);
    expect([await run(DEAD), await run(FAILING), await run(SILENT)]).toEqual([[], [], []]);

    await app.twoHoursPass(account.userId);
    app.provider.script([{ status: 400, body: { error: 'invalid_request' } }]);
    expect(await app.call(ours, account)).toEqual([expect.stringMatching(/^failed: /)]);
    const failing = {
      provider: 'google',
      last_error_code: 'ERR_TOKENKEEP_PROVIDER_REFUSED',
      connections: '1',
      failures: '1',
    };
    // Noted once the caller has its answer.
    await vi.waitFor(async () => expect(await run(FAILING)).toEqual([failing]));
    const { userId } = account;
    const stored = (await app.rows()).find(({ user_id }) => user_id === userId)!;
    app.provider.revoke(refreshTokenOf(account, stored.refresh_token!));
    // Another process: this one remembers for how long a provider that has refused is not asked again.
    await run('UPDATE tokenkeep.refresh_state SET retry_at = now()');
    await app.call(await app.process('tokenkeep'), account);
    expect(await run(DEAD)).toMatchObject([
      { user_id: userId, provider: 'google', invalid_reason: 'invalid_grant' },
    ]);
    expect(await run(FAILING)).toEqual([]);
    await run(`UPDATE integration_tokens SET expires_at = now() - interval '2 days'`);
    expect(await run(SILENT)).toMatchObject([{ user_id: 'bare', last_refreshed_at: null }]);
    await app.aMinutePassesSinceDeath();
    await app.connect(old, account);
    expect(await run(DEAD)).toEqual([]);
    await run(REMOVE);
    await runCommand(app, 'migrate');
  });

  it('finds rows that tokenkeep could not take', async () => {
    const old = await app.process('old');
    const store = async (accessToken: string, scopes: string[]) => {
      const userId = `${accessToken.slice(0, 9)}${scopes.length}`;
      const token = { accessToken, refreshToken: null, expiresAt: 0, scopes };
      await old.call('store', userId, 'google', token);
    };
    const counts = async () => [(await run(TOO_LONG))[0].count, (await run(LOOKALIKES))[0].count];
    const [long, sealed] = (await counts()).map(Number);
    await store('access', [...SCOPES, 'x'.repeat(1_025)]);
    await store('long'.repeat(20_000), SCOPES);
    await store('tk1.1.AAAA', SCOPES);
    expect(await counts()).toEqual([String(long! + 2), String(sealed! + 1)]);
  });
});

describe('an adoption', () => {
  let app: IntegrationApplication;
  let old: Process[];
  let ours: Process[];
  let accounts: Account[];
  beforeAll(async () => {
    app = await IntegrationApplication.start();
  });
  afterAll(() => app.stop());

  /** What all of them get for every account; nobody may fail, and each gets the account's own. */
  async function expectTokens(processes: Process[], callers = 2): Promise<string[]> {
    const answers = accounts.flatMap((account) =>
      processes.map(async (one) => ({ account, tokens: await app.call(one, account, callers) })),
    );
    const settled = await Promise.all(answers);
    const rows = new Map(
      (await app.rows()).map((row) => [`${row.user_id}/${row.provider}`, row.refresh_token!]),
    );
    const given: string[] = [];
    for (const { account, tokens } of settled) {
      const family = app.provider.familyOf(refreshTokenOf(account, rows.get(keyOf(account))!));
      for (const token of tokens) {
        expect(token).toMatch(/^access-/);
        expect(app.provider.familyOfAccess(token)).toBe(family);
        given.push(token);
      }
    }
    return given;
  }

  it('begins with users whom the old service has connected, some with two accounts', async () => {
    old = await Promise.all([app.process('old'), app.process('old')]);
    accounts = [];
    for (const one of [...old, ...old]) accounts.push(await app.connect(one));
    const { userId } = accounts[0]!;
    accounts.push(await app.connect(old[0]!, { userId, provider: 'google#work' }));
    await expectTokens(old);
    expect(app.provider.requests).toHaveLength(0);
  });

  it('goes on with migrate, which leaves the rows as they are, and old instances at work', async () => {
    const before = await app.rows();
    expect(await runCommand(app, 'migrate')).toEqual({ stores: ['integration'], leftOut: [] });
    const added = {
      refreshing_at: null,
      invalid_since: null,
      invalid_reason: null,
      last_refreshed_at: null,
      last_error_code: null,
      failure_count: 0,
      metadata: null,
    };
    expect(await app.rows()).toEqual(before.map((row) => ({ ...row, ...added })));
    const table = await tableOf(app.database, 'integration_tokens');
    for (const name of ['0006_integration', '0005_oauth', '0008_integration']) {
      await app.database.client.query(migration(name));
    }
    expect(await tableOf(app.database, 'integration_tokens')).toEqual(table);
    await app.twoHoursPass();
    await expectTokens(old);
    accounts.push(await app.connect(old[0]!));
  });

  it('then both sides read every row, and nobody fails', async () => {
    ours = await Promise.all([
      app.process('tokenkeep', SEALING_OFF),
      app.process('tokenkeep', SEALING_OFF),
    ]);
    app.provider.requests.length = 0;
    const given = await expectTokens([...old, ...ours]);
    expect(new Set(given).size).toBe(accounts.length);
    accounts.push(await app.connect(ours[0]!));
    const { userId } = accounts[1]!;
    accounts.push(await app.connect(ours[1]!, { userId, provider: 'google#work' }));
    const connected = await expectTokens([...old, ...ours]);
    expect(new Set(connected).size).toBe(accounts.length);
    expect(app.provider.requests).toHaveLength(0);
    for (const { userId, provider } of accounts) {
      const there = await old[0]!.call('get', userId, provider);
      const here = await ours[0]!.call('getToken', userId, provider);
      const { expiresAt, metadata: _, ...rest } = here as { expiresAt: Date; metadata: object };
      expect(there).toEqual({ ...rest, expiresAt: Number(expiresAt), provider });
      expect(here).toMatchObject({ scopes: SCOPES });
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
        expect(row.scopes).toEqual(SCOPES);
      }
    },
  );

  it('also when a user connects anew on either side, after the grant has died', async () => {
    const [account] = accounts as [Account];
    for (const by of [old[0]!, ours[0]!]) {
      const row = (await app.rows()).find(
        (row) => row.user_id === account.userId && row.provider === 'google',
      )!;
      app.provider.revoke(row.refresh_token!);
      await app.twoHoursPass();
      const [refused] = await app.call(ours[1]!, account);
      expect(refused).toMatch(/^failed: TokenRevokedError: /);
      expect(await app.call(old[1]!, account)).toEqual([
        expect.stringMatching(/^failed: Error: Google answered .*invalid_grant/),
      ]);
      await app.aMinutePassesSinceDeath();
      await app.connect(by, account);
      await expectTokens([...old, ...ours]);
      await app.twoHoursPass();
      await expectTokens([...old, ...ours]);
    }
  });

  it('also when a user disconnects', async () => {
    const { userId, provider } = await app.connect(ours[1]!);
    await old[0]!.call('revoke', userId, provider);
    expect(await ours[1]!.call('getToken', userId, provider)).toBeNull();
    expect(await ours[1]!.call('connectionStatus', userId, provider)).toMatchObject({
      active: false,
      reason: 'not_connected',
    });
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
      expect(app.provider.requests).toHaveLength(accounts.length);
      expect(new Set(given).size).toBe(accounts.length);
    }
    const rows = await app.rows();
    const dump = JSON.stringify(rows);
    for (const { user_id: userId, provider, access_token, refresh_token } of rows) {
      expect(dump).not.toContain(refreshTokenOf({ userId, provider }, refresh_token!));
      expect(isSealed(access_token) && isSealed(refresh_token)).toBe(true);
    }
    expect(dump).not.toMatch(/(access|refresh)-[\w-]{10}/);
    expect((await app.database.client.query(PLAINTEXT)).rows).toEqual([{ count: '0' }]);
    const strict = await app.process('tokenkeep', { TOKENKEEP_REQUIRE_SEALED: '1' });
    await expectTokens([strict]);
    await strict.stop();
  });

  it('is why sealing waits for the old instances: they would send sealed values to Google', async () => {
    const early = await app.process('old');
    const [answer] = await app.call(early, accounts[0]!);
    expect(answer).toMatch(/^tk1\./);
    await early.stop();
  });

  it('can be taken back: with TOKENKEEP_SEALING=off plaintext is written again', async () => {
    await Promise.all(ours.map((one) => one.stop()));
    ours = [await app.process('tokenkeep', SEALING_OFF)];
    await expectTokens(ours);
    const { userId: written } = accounts.at(-1)!;
    await app.twoHoursPass(written);
    await expectTokens(ours);
    for (const row of await app.rows()) {
      expect(isSealed(row.refresh_token)).toBe(row.user_id !== written);
    }
  });

  it('and unsealing what is left, so that the old service reads every row', async () => {
    await expect(runCommand(app, 'unseal', { TOKENKEEP_KEY: KEY })).rejects.toThrow(
      'TOKENKEEP_SEALING',
    );
    const sealed = (await app.rows()).filter((row) => isSealed(row.refresh_token)).length;
    expect(sealed).toBeGreaterThan(3);
    const env = UNSEALING;
    expect(await runCommand(app, 'unseal', env)).toEqual({ store: 'integration', rows: sealed });
    expect(await runCommand(app, 'unseal', env)).toEqual({ store: 'integration', rows: 0 });
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
