/** Performs what docs/adopt/gmail.md tells: old service, half migrated, tokenkeep, and back. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KEY, OTHER_KEY } from '../../helpers/database';
import { Application, schemaOf } from '../applications/gmail';
import { aroundLock } from '../processes/around-lock.mjs';
import type { Member } from '../processes/fleet.mjs';
import { until } from '../../helpers/promises';
import { command, migration, statementsOf } from './guide';

/** The statements that the guide shows. */
const SQL = statementsOf('gmail');

describe.each(['by hand', 'generated'] as const)('the table of a migration made %s', (written) => {
  let app: Application;
  beforeAll(async () => {
    app = await Application.start(written);
  });
  afterAll(() => app.stop());

  it('is left exactly as it is by migrate, which leaves nothing out', async () => {
    const userId = await app.connectedUser();
    const [schema, row] = [await schemaOf(app.database), await app.row(userId)];
    expect(await app.keep().migrate({ stores: ['gmail'] })).toEqual([]);
    expect(await app.keep().migrate({ stores: ['gmail'] })).toEqual([]);
    expect(await schemaOf(app.database)).toEqual(schema);
    expect(await app.row(userId)).toEqual(row);
  });

  it('is left as it is by the command and by psql -f, too', async () => {
    const schema = await schemaOf(app.database);
    const env = { DATABASE_URL: app.database.url };
    expect(await command('gmail', 'migrate', env)).toEqual({ stores: ['gmail'], leftOut: [] });
    await app.database.client.query(migration('0001_gmail'));
    expect(await schemaOf(app.database)).toEqual(schema);
  });

  it('serves the old service afterwards', async () => {
    const old = app.old();
    const userId = await app.user();
    await old.upsertGmailTokens(app.consent(userId, -1_000));
    expect(await old.hasActiveGmailConnection(userId)).toBe(true);
    const refreshed = await old.getValidGmailToken(userId);
    expect(await old.getGmailTokenDecrypted(userId)).toEqual(refreshed);
    await old.deleteGmailTokens(userId);
    await expect(old.getValidGmailToken(userId)).rejects.toThrow('not connected');
  });

  it('loses a row with its user', async () => {
    const userId = await app.user();
    await app.keep().gmail.upsertGmailTokens(app.consent(userId));
    await app.database.client.query('DELETE FROM users WHERE id = $1', [userId]);
    expect(await app.row(userId)).toBeUndefined();
  });
});

describe('a table that is not quite the one', () => {
  let app: Application;
  beforeEach(async () => {
    app = await Application.start('generated');
  });
  afterEach(() => app.stop());

  it('gets what it lacks', async () => {
    const userId = await app.connectedUser();
    const whole = await schemaOf(app.database);
    await app.database.client.query(`
      ALTER TABLE gmail_tokens DROP key_version, DROP refreshing_at,
        DROP CONSTRAINT gmail_tokens_user_id_unique,
        DROP CONSTRAINT gmail_tokens_user_id_users_id_fk,
        DROP CONSTRAINT gmail_tokens_tenant_id_tenants_id_fk;
      DROP INDEX gmail_tokens_user_id_idx, gmail_tokens_tenant_id_idx;
      ALTER TABLE site_settings DROP gmail_diagnostic_enabled`);
    expect(await app.keep().migrate({ stores: ['gmail'] })).toEqual([]);
    const { columns, ...rest } = await schemaOf(app.database);
    const { columns: wholeColumns, ...wholeRest } = whole;
    expect(rest).toEqual(wholeRest);
    const named = (all: unknown[] = []) =>
      all.map((column) => JSON.stringify({ ...(column as object), attnum: 0 })).sort();
    expect(named(columns)).toEqual(named(wholeColumns));
    expect(await app.old().getValidGmailToken(userId)).toMatchObject({ userId, keyVersion: 1 });
  });

  it('is left as it is when it cannot be used', async () => {
    await app.database.client.query(
      `DROP INDEX gmail_tokens_user_id_idx; ALTER TABLE gmail_tokens ADD region text NOT NULL`,
    );
    const schema = await schemaOf(app.database);
    await expect(app.keep().migrate({ stores: ['gmail'] })).rejects.toThrow('region');
    expect(await schemaOf(app.database)).toEqual(schema);
    const { rows } = await app.database.client.query(`SELECT to_regnamespace('tokenkeep')`);
    expect(rows).toEqual([{ to_regnamespace: null }]);
  });
});

describe('the guide', () => {
  let app: Application;
  beforeAll(async () => {
    app = await Application.start();
  });
  afterAll(() => app.stop());

  it('shows statements that work', async () => {
    expect(SQL.length).toBeGreaterThan(0);
    for (const sql of SQL) await app.database.client.query(sql);
  });

  it('says that a database with TLS is refused', async () => {
    const keep = app.keep({ databaseUrl: `${app.database.url}?sslmode=require` });
    await expect(keep.gmail.getGmailTokenDecrypted('anybody')).rejects.toThrow('TLS');
  });
});

describe('an adoption', () => {
  const MIXED = { TOKENKEEP_MIXED_FLEET: '1' };
  let app: Application;
  let old: Member[];
  let tokenkeep: Member[];
  let users: string[];

  beforeAll(async () => {
    app = await Application.start();
  });
  afterAll(() => app.stop());

  /** All members ask for every user's token several times at once. */
  const callAll = (members: Member[], callers = 2) =>
    users.flatMap((userId) =>
      members.flatMap((member) =>
        Array.from({ length: callers }, () => member.call('getValidGmailToken', userId)),
      ),
    );

  /** Every user's token is what the last answer of Google for that user brought. */
  async function expectOneTokenAUser(answers: Awaited<ReturnType<Member['call']>>[]) {
    const tokens = answers as { userId: string; accessToken: string }[];
    for (const userId of users) {
      const stored = await app.tokens(userId);
      const given = tokens.filter((token) => token.userId === userId);
      expect(new Set(given.map((token) => token.accessToken))).toEqual(
        new Set([stored!.accessToken]),
      );
      expect(app.google.isAlive(stored!.refreshToken)).toBe(true);
    }
  }

  it('begins with users whom the old service has connected', async () => {
    // Clocks that are some seconds wrong, as servers' clocks are.
    old = await Promise.all(
      ['4000', '-4000'].map((skew) => app.process('old', { OLD_CLOCK_SKEW_MS: skew })),
    );
    users = [await app.user(), await app.user(), await app.user()];
    await Promise.all(
      users.map((user, n) => old[n % 2]!.call('upsertGmailTokens', app.consent(user))),
    );
  });

  it('goes on with migrate, and tokenkeep reads what the old service wrote', async () => {
    expect(await app.keep().migrate({ stores: ['gmail'] })).toEqual([]);
    tokenkeep = await Promise.all([
      app.process('tokenkeep', MIXED),
      app.process('tokenkeep', MIXED),
    ]);
    for (const userId of users) {
      const read = await old[0]!.call('getGmailTokenDecrypted', userId);
      expect(read).toMatchObject({ userId, ...(await app.tokens(userId)) });
      expect(await tokenkeep[0]!.call('getGmailTokenDecrypted', userId)).toEqual(read);
      expect(await tokenkeep[1]!.call('hasActiveGmailConnection', userId)).toBe(true);
    }
    await expectOneTokenAUser(await Promise.all(callAll([...old, ...tokenkeep])));
    expect(app.google.requests).toHaveLength(0);
  });

  it.each([
    ['the old service is first'],
    ['tokenkeep is first'],
    ['all come together'],
    ['the old service is first again'],
    ['tokenkeep is first again'],
  ])('refreshes each expiry once in a half migrated fleet when %s', async (who) => {
    const everybody = [...old, ...tokenkeep];
    const leaders = who.startsWith('all') ? everybody : who.startsWith('the') ? old : tokenkeep;
    const followers = everybody.filter((member) => !leaders.includes(member));
    await app.twoHoursPass();

    // Google answers when each call of the old service has read the row and asked for the lock.
    // Two old processes refresh twice when one of them locks later than that, with or without
    // tokenkeep beside them.
    let answer = () => {};
    const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
    const earlier = app.google.requests.length;
    app.google.script(async () => void (await mayAnswer));
    for (const member of old) member.refused.clear();
    const requests = () => app.google.requests.slice(earlier);
    const oldOnes = () => requests().filter(({ form }) => form.client_id === 'old').length;
    const refused = () => old.reduce((sum, member) => sum + member.refused.size, 0);

    const answers = callAll(leaders);
    await until(() => requests().length === users.length);
    answers.push(...callAll(followers));
    await until(() => refused() + oldOnes() === old.length * 2 * users.length);
    answer();

    await expectOneTokenAUser(await Promise.all(answers));
    expect(requests()).toHaveLength(users.length);
    expect(new Set(requests().map(({ refreshToken }) => refreshToken)).size).toBe(users.length);
    if (leaders === old) expect(oldOnes()).toBe(users.length);
    if (leaders === tokenkeep) expect(oldOnes()).toBe(0);
  });

  it('takes reconnects and disconnects by either side', async () => {
    const sides = [
      [old[0]!, tokenkeep[0]!],
      [tokenkeep[0]!, old[0]!],
    ] as const;
    for (const [writer, reader] of sides) {
      const userId = await app.user();
      for (const consent of [app.consent(userId), app.consent(userId)]) {
        await writer.call('upsertGmailTokens', consent);
        expect(await reader.call('getGmailTokenDecrypted', userId)).toMatchObject(consent);
        expect(await reader.call('getValidGmailToken', userId)).toMatchObject(consent);
        await reader.call('upsertGmailTokens', { ...consent, scope: 'other' });
        expect(await writer.call('getGmailTokenDecrypted', userId)).toMatchObject({
          ...consent,
          scope: 'other',
        });
      }
      await writer.call('deleteGmailTokens', userId);
      expect(await reader.call('getGmailTokenDecrypted', userId)).toBeNull();
      expect(await reader.call('hasActiveGmailConnection', userId)).toBe(false);
      await expect(reader.call('getValidGmailToken', userId)).rejects.toThrow(
        'GmailNotConnectedError',
      );
    }
  });

  it('is tokenkeep alone in the end, also on rows that the mixed fleet left locks in', async () => {
    await Promise.all([...old, ...tokenkeep].map((member) => member.stop()));
    for (const userId of users) {
      const left = await app.row(userId);
      expect(Number(left!.updated_at) - Number(left!.refreshing_at)).toBeGreaterThanOrEqual(1_000);
    }
    tokenkeep = await Promise.all([app.process('tokenkeep'), app.process('tokenkeep')]);
    for (let expiry = 0; expiry < 2; expiry++) {
      await app.twoHoursPass();
      const earlier = app.google.requests.length;
      await expectOneTokenAUser(await Promise.all(callAll(tokenkeep, 10)));
      expect(app.google.requests).toHaveLength(earlier + users.length);
    }
    for (const userId of users) expect((await app.row(userId))!.refreshing_at).toBeNull();
  });

  it('can be taken back: the old service works on the same rows', async () => {
    await Promise.all(tokenkeep.map((member) => member.stop()));
    const back = await app.process('old');
    await app.twoHoursPass();
    const earlier = app.google.requests.length;
    await expectOneTokenAUser(await Promise.all(callAll([back], 1)));
    expect(app.google.requests).toHaveLength(earlier + users.length);
    const [userId] = users as [string];
    const consent = app.consent(userId);
    await back.call('upsertGmailTokens', consent);
    expect(await back.call('getGmailTokenDecrypted', userId)).toMatchObject(consent);
    await app.database.client.query('DROP SCHEMA tokenkeep CASCADE');
    await back.call('deleteGmailTokens', userId);
    expect(await app.row(userId)).toBeUndefined();
  });
});

describe('a mixed fleet', () => {
  let app: Application;
  beforeEach(async () => {
    app = await Application.start();
  });
  afterEach(() => app.stop());

  /** An old process that has read the row, and locks it only when told to. */
  async function lateLock(userId: string) {
    const old = app.old();
    let lock = () => {};
    const mayLock = new Promise<void>((resolve) => (lock = resolve));
    let hasRead = false;
    aroundLock(old.pool, {
      before: () => {
        hasRead = true;
        return mayLock;
      },
    });
    const token = old.getValidGmailToken(userId);
    token.catch(() => {});
    await until(() => hasRead);
    return { token, lock };
  }

  it('keeps an old process that has read too early from spending a spent token', async () => {
    const userId = await app.connectedUser();
    const late = await lateLock(userId);
    const token = await app.keep({ mixedFleet: true }).gmail.getValidGmailToken(userId);
    late.lock();
    expect((await late.token).accessToken).toBe(token.accessToken);
    expect(app.google.requests).toHaveLength(1);
  });

  it('keeps it from refreshing over a reconnect', async () => {
    const userId = await app.connectedUser();
    const late = await lateLock(userId);
    const consent = app.consent(userId);
    await app.keep({ mixedFleet: true }).gmail.upsertGmailTokens(consent);
    late.lock();
    expect(await late.token).toMatchObject(consent);
    expect(app.google.requests).toHaveLength(0);
  });

  it('is what the option is for: without it that old process loses the grant', async () => {
    const userId = await app.connectedUser();
    const late = await lateLock(userId);
    await app.keep().gmail.getValidGmailToken(userId);
    late.lock();
    await expect(late.token).rejects.toThrow('Gmail access was revoked');
    expect(await app.row(userId)).toBeUndefined();
  });

  it('reads what the old service sealed over a newer key_version, which it does not write', async () => {
    const userId = await app.connectedUser();
    const keys = `5:${OTHER_KEY},1:${KEY}`;
    await app.keep({ gmailEncryptionKey: keys }).gmail.upsertGmailTokens(app.consent(userId));
    const consent = app.consent(userId);
    await app.old().upsertGmailTokens(consent);
    expect(await app.row(userId)).toMatchObject({ key_version: 5 });
    for (const gmailEncryptionKey of [KEY, keys]) {
      const { gmail } = app.keep({ gmailEncryptionKey });
      expect(await gmail.getGmailTokenDecrypted(userId)).toMatchObject(consent);
    }
  });

  it('may have a second key as long as the first is the one that the old service has', async () => {
    const userId = await app.connectedUser();
    const keep = app.keep({ mixedFleet: true, gmailEncryptionKey: `1:${KEY},2:${OTHER_KEY}` });
    const token = await keep.gmail.getValidGmailToken(userId);
    expect(await app.old().getValidGmailToken(userId)).toEqual(token);
  });

  it('ends with rows that the statement of the guide frees, without touching a live lease', async () => {
    const [left, live] = [await app.connectedUser(), await app.connectedUser()];
    await app.keep({ mixedFleet: true }).gmail.getValidGmailToken(left);
    app.google.script([{ hang: 'before' }]);
    app
      .keep()
      .gmail.getValidGmailToken(live)
      .catch(() => {});
    await until(() => app.google.requests.length === 2);
    const lease = (await app.row(live))!.refreshing_at;
    expect(lease).not.toBeNull();
    await app.database.client.query(SQL.find((sql) => sql.startsWith('UPDATE'))!);
    expect((await app.row(left))!.refreshing_at).toBeNull();
    expect((await app.row(live))!.refreshing_at).toEqual(lease);
  });

  it('does not refresh a row in the 30 seconds after it was written', async () => {
    const userId = await app.user();
    const { gmail } = app.keep({ mixedFleet: true, waitMs: 500 });
    await gmail.upsertGmailTokens(app.consent(userId, -1_000));
    await expect(gmail.getValidGmailToken(userId)).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_REFRESH_TIMEOUT',
      retryable: true,
    });
    expect(app.google.requests).toHaveLength(0);
  });

  it('gets over an old process that died in the middle of a refresh', async () => {
    const userId = await app.connectedUser();
    await app.database.client.query('UPDATE gmail_tokens SET refreshing_at = clock_timestamp()');
    // A tenth of the real limits: the lock runs out after 3 s and is watched for 3 s more.
    const keep = app.keep({ mixedFleet: true, limitsDivisor: 10, waitMs: 60_000 });
    const { accessToken } = await keep.gmail.getValidGmailToken(userId);
    expect(await app.tokens(userId)).toMatchObject({ accessToken });
    expect(app.google.requests).toHaveLength(1);
  });
});
