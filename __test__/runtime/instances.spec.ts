/** Instances: where their settings come from, and what they share. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  close,
  createTokenKeep,
  deleteGmailTokens,
  getGmailTokenDecrypted,
  getValidGmailToken,
  hasActiveGmailConnection,
  type TokenKeep,
  upsertGmailTokens,
} from '../../dist/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { KEY, OTHER_KEY, type TestDatabase, gmailDatabase, keepOn } from '../helpers/database';
import { insertRow, insertRows, tokensOf } from '../helpers/rows';
import { failureOf, printed, until } from '../helpers/promises';

const VARIABLES = [
  'DATABASE_URL',
  'GMAIL_ENCRYPTION_KEY',
  'GOOGLE_CLIENT_ID',
  'GOOGLE_CLIENT_SECRET',
  'TOKENKEEP_GOOGLE_TOKEN_URL',
  'GOOGLE_OAUTH_REDIRECT_URI',
  'TOKENKEEP_KEY',
  'TOKENKEEP_MIXED_FLEET',
  'PGSSLMODE',
  'PGHOST',
  'PGPORT',
  'PGUSER',
  'PGPASSWORD',
  'PGDATABASE',
];

let database: TestDatabase;
let other: TestDatabase;
const keeps: TokenKeep[] = [];
beforeAll(async () => {
  [database, other] = await Promise.all([gmailDatabase(), gmailDatabase()]);
  for (const name of VARIABLES) delete process.env[name];
});
afterEach(async () => {
  await Promise.all([close(), ...keeps.splice(0).map((keep) => keep.close())]);
  for (const name of VARIABLES) delete process.env[name];
});
afterAll(() => Promise.all([database.drop(), other.drop()]));

const open = (options = {}) => {
  const keep = keepOn(database, options);
  keeps.push(keep);
  return keep;
};

/** The connections that tokenkeep has to a database. */
async function connections(to = database): Promise<number> {
  const { rows } = await to.client.query(
    `SELECT count(*)::int AS count FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'tokenkeep'`,
  );
  return rows[0].count;
}

describe('the default instance', () => {
  it('reads its variables at the call and follows every change', async () => {
    const here = await insertRow(database, { left: 3_600 });
    const there = await insertRow(other, { left: 3_600, key: OTHER_KEY });
    process.env['DATABASE_URL'] = database.url;
    process.env['GMAIL_ENCRYPTION_KEY'] = KEY;
    expect(await getGmailTokenDecrypted(here)).toMatchObject({ accessToken: 'access-old' });
    expect(await getGmailTokenDecrypted(there)).toBeNull();
    process.env['DATABASE_URL'] = other.url;
    expect(await hasActiveGmailConnection(here)).toBe(false);
    await expect(getGmailTokenDecrypted(there)).rejects.toMatchObject({ name: 'DecryptionError' });
    process.env['GMAIL_ENCRYPTION_KEY'] = OTHER_KEY;
    expect(await getValidGmailToken(there)).toMatchObject({ accessToken: 'access-old' });
    process.env['DATABASE_URL'] = database.url;
    await expect(getGmailTokenDecrypted(here)).rejects.toMatchObject({ name: 'DecryptionError' });
  });

  it('follows the client and the endpoint, too', async () => {
    const endpoints = await Promise.all([startTokenEndpoint(), startTokenEndpoint()]);
    process.env['DATABASE_URL'] = database.url;
    process.env['GMAIL_ENCRYPTION_KEY'] = KEY;
    process.env['GOOGLE_CLIENT_SECRET'] = 'secret';
    for (const [index, endpoint] of endpoints.entries()) {
      process.env['GOOGLE_CLIENT_ID'] = `client-${index}`;
      process.env['TOKENKEEP_GOOGLE_TOKEN_URL'] = endpoint.url;
      await getValidGmailToken(await insertRow(database, endpoint.issue()));
      expect(endpoint.requests).toMatchObject([{ form: { client_id: `client-${index}` } }]);
    }
    await Promise.all(endpoints.map((endpoint) => endpoint.close()));
  });

  it('leaves no connection behind when the database has changed', async () => {
    process.env['DATABASE_URL'] = other.url;
    await hasActiveGmailConnection('nobody');
    expect(await connections(other)).toBeGreaterThan(0);
    process.env['DATABASE_URL'] = database.url;
    await hasActiveGmailConnection('nobody');
    await until(async () => (await connections(other)) === 0);
  });

  it('finishes a call that was under way when the settings changed', async () => {
    const userId = await insertRow(database, { left: 3_600 });
    process.env['DATABASE_URL'] = database.url;
    process.env['GMAIL_ENCRYPTION_KEY'] = KEY;
    const call = getGmailTokenDecrypted(userId);
    process.env['GMAIL_ENCRYPTION_KEY'] = OTHER_KEY;
    await undefined;
    const next = expect(getGmailTokenDecrypted(userId)).rejects.toMatchObject({
      name: 'DecryptionError',
    });
    expect(await call).toMatchObject({ accessToken: 'access-old' });
    await next;
  });

  it("takes libpq's variables in the place of DATABASE_URL", async () => {
    const userId = await insertRow(database, { left: 3_600 });
    const url = new URL(database.url);
    process.env['PGHOST'] = url.hostname;
    process.env['PGPORT'] = url.port;
    process.env['PGUSER'] = decodeURIComponent(url.username);
    process.env['PGPASSWORD'] = decodeURIComponent(url.password);
    process.env['PGDATABASE'] = url.pathname.slice(1);
    expect(await hasActiveGmailConnection(userId)).toBe(true);
  });

  it.each(Array.from({ length: 4 }, (_, awaits) => awaits))(
    'sees a change after the next await, %i awaits after a call',
    async (awaits) => {
      process.env['DATABASE_URL'] = database.url;
      const calls = [hasActiveGmailConnection('nobody')];
      for (let count = 0; count < awaits; count++) await undefined;
      process.env['PGSSLMODE'] = 'require';
      await undefined;
      calls.push(hasActiveGmailConnection('nobody'));
      delete process.env['PGSSLMODE'];
      await undefined;
      calls.push(hasActiveGmailConnection('nobody'));
      const [first, second, third] = await Promise.allSettled(calls);
      expect(second).toMatchObject({ status: 'rejected', reason: { name: 'TlsError' } });
      expect([first, third]).toEqual(Array(2).fill({ status: 'fulfilled', value: false }));
    },
  );

  describe('when process.env is replaced', () => {
    const own = process.env;
    afterEach(() => {
      process.env = own;
    });

    it('reads the new one at once', async () => {
      process.env['DATABASE_URL'] = database.url;
      const before = hasActiveGmailConnection('nobody');
      process.env = { ...own, PGSSLMODE: 'require' };
      const after = failureOf(hasActiveGmailConnection('nobody'));
      process.env = own;
      const again = hasActiveGmailConnection('nobody');
      expect(await before).toBe(false);
      expect(await after).toMatchObject({ name: 'TlsError' });
      expect(await again).toBe(false);
    });

    it('asks for each variable once for all calls of a turn', async () => {
      const asked: string[] = [];
      const variables: NodeJS.ProcessEnv = { DATABASE_URL: database.url };
      process.env = new Proxy(variables, {
        get: (target, name) => (asked.push(String(name)), Reflect.get(target, name)),
      });
      const calls = Array.from({ length: 20 }, () => hasActiveGmailConnection('nobody'));
      expect(asked).toContain('DATABASE_URL');
      expect(asked).toHaveLength(new Set(asked).size);
      await Promise.all(calls);
    });
  });
});

describe('an instance of createTokenKeep', () => {
  const redirectUri = 'https://app.example/auth/google/callback';

  it('reads what its options do not have at its first use, and no more after that', async () => {
    const keep = createTokenKeep();
    keeps.push(keep);
    // As dotenv does after the module that creates the instance.
    Object.assign(process.env, {
      DATABASE_URL: database.url,
      GMAIL_ENCRYPTION_KEY: KEY,
      GOOGLE_CLIENT_ID: 'client',
      GOOGLE_CLIENT_SECRET: 'secret',
      GOOGLE_OAUTH_REDIRECT_URI: redirectUri,
      TOKENKEEP_KEY: `7:${KEY}`,
    });
    const userId = await insertRow(database, { left: 3_600 });
    const found = { accessToken: 'access-old' };
    expect(await keep.gmail.getGmailTokenDecrypted(userId)).toMatchObject(found);
    for (const name of VARIABLES) process.env[name] = 'changed';
    const calls = [keep, keep.forTenant('tenant-1')].map(async ({ gmail, connector }) => {
      expect(await gmail.getGmailTokenDecrypted(userId)).toMatchObject(found);
      expect(connector.redirectUri().href).toBe(redirectUri);
    });
    await Promise.all(calls);
    expect(keep.sealValue('zoho', 'access_token', ['c', 'p'], 'v')).toMatch(/^tk1\.7\./);
    await keep.migrate({ stores: ['gmail'] });
  });

  it('takes its first call of any kind for the first use', async () => {
    process.env['TOKENKEEP_KEY'] = `7:${KEY}`;
    const keep = open();
    keep.sealValue('zoho', 'access_token', ['c', 'p'], 'v');
    process.env['TOKENKEEP_KEY'] = `8:${KEY}`;
    const userId = 'seven';
    await keep.migrate({ stores: ['integration'] });
    await keep.integration.storeToken(userId, 'p', {
      accessToken: 'a',
      refreshToken: 'r',
      expiresAt: new Date(),
    });
    const { rows } = await database.client.query('SELECT access_token FROM integration_tokens');
    expect(rows).toMatchObject([{ access_token: expect.stringMatching(/^tk1\.7\./) }]);
  });
});

describe('a missing variable', () => {
  const params = (userId: string) => ({
    userId,
    tenantId: 't',
    accessToken: 'a',
    refreshToken: 'r',
    expiresAt: new Date(),
    scope: '',
  });
  const missing = (name: string) => ({
    name: 'ConfigurationError',
    code: 'ERR_TOKENKEEP_CONFIGURATION',
    retryable: false,
    message: expect.stringContaining(name),
  });

  it('DATABASE_URL matters to every function, and each says so', async () => {
    process.env['GMAIL_ENCRYPTION_KEY'] = KEY;
    for (const call of [
      () => upsertGmailTokens(params('u')),
      () => getGmailTokenDecrypted('u'),
      () => deleteGmailTokens('u'),
      () => hasActiveGmailConnection('u'),
      () => getValidGmailToken('u'),
    ]) {
      await expect(call()).rejects.toMatchObject(missing('DATABASE_URL'));
    }
  });

  it.each([undefined, '', 'no key'])(
    'GMAIL_ENCRYPTION_KEY=%s does not matter to has and delete',
    async (key) => {
      const userId = await insertRow(database, { left: 3_600 });
      process.env['DATABASE_URL'] = database.url;
      if (key !== undefined) process.env['GMAIL_ENCRYPTION_KEY'] = key;
      expect(await hasActiveGmailConnection(userId)).toBe(true);
      for (const call of [
        () => upsertGmailTokens(params(userId)),
        () => getGmailTokenDecrypted(userId),
        () => getValidGmailToken(userId),
      ]) {
        await expect(call()).rejects.toMatchObject(missing('GMAIL_ENCRYPTION_KEY'));
      }
      expect(await tokensOf(database, userId)).toMatchObject({ accessToken: 'access-old' });
      await deleteGmailTokens(userId);
      expect(await hasActiveGmailConnection(userId)).toBe(false);
    },
  );

  it('GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET matter only to a token that has run out', async () => {
    const fresh = await insertRow(database, { left: 3_600 });
    const spent = await insertRow(database);
    process.env['DATABASE_URL'] = database.url;
    process.env['GMAIL_ENCRYPTION_KEY'] = KEY;
    expect(await getValidGmailToken(fresh)).toMatchObject({ accessToken: 'access-old' });
    await expect(getValidGmailToken(spent)).rejects.toMatchObject(missing('GOOGLE_CLIENT_ID'));
    process.env['GOOGLE_CLIENT_ID'] = 'client';
    await expect(getValidGmailToken(spent)).rejects.toMatchObject(missing('GOOGLE_CLIENT_SECRET'));
    const expiryDate = Date.now() + 3_600_000;
    const refreshed = await getValidGmailToken(spent, async () => ({
      accessToken: 'by-refresh-fn',
      expiryDate,
    }));
    expect(refreshed.accessToken).toBe('by-refresh-fn');
  });

  it('TOKENKEEP_MIXED_FLEET that is neither on nor off is refused', async () => {
    process.env['DATABASE_URL'] = database.url;
    process.env['TOKENKEEP_MIXED_FLEET'] = 'perhaps';
    await expect(hasActiveGmailConnection('u')).rejects.toMatchObject(
      missing('TOKENKEEP_MIXED_FLEET'),
    );
    process.env['TOKENKEEP_MIXED_FLEET'] = '0';
    expect(await hasActiveGmailConnection('u')).toBe(false);
  });
});

describe('the pool', () => {
  it('keeps to its limit under any number of calls', async () => {
    const keep = open({ maxConnections: 3 });
    const users = await insertRows(database, 20);
    let most = 0;
    let isOver = false;
    const watching = (async () => {
      while (!isOver) most = Math.max(most, await connections());
    })();
    const calls = Array.from({ length: 200 }, (_, call) => {
      const userId = users[call % 20]!;
      return call % 4 === 0
        ? keep.gmail.upsertGmailTokens({
            userId,
            tenantId: 'tenant-1',
            accessToken: 'a',
            refreshToken: 'r',
            expiresAt: new Date(),
            scope: '',
          })
        : keep.gmail.getGmailTokenDecrypted(userId);
    });
    await Promise.all(calls);
    isOver = true;
    await watching;
    expect(Math.max(most, await connections())).toBeLessThanOrEqual(3);
  });

  it('is one for instances with equal database settings, whatever else differs', async () => {
    const made = Array.from({ length: 20 }, (_, index) =>
      open({ maxConnections: 2, gmailEncryptionKey: index % 2 ? KEY : OTHER_KEY }),
    );
    await Promise.all(
      made.flatMap((keep) =>
        Array.from({ length: 10 }, () => keep.gmail.hasActiveGmailConnection('nobody')),
      ),
    );
    expect(await connections()).toBeLessThanOrEqual(2);
    // The others go on when one is closed.
    await Promise.all(made.slice(1).map((keep) => keep.close()));
    expect(await made[0]!.gmail.hasActiveGmailConnection('nobody')).toBe(false);
    expect(await connections()).toBeGreaterThan(0);
    await made[0]!.close();
    await until(async () => (await connections()) === 0);
  });

  it('is not shared by other settings', async () => {
    const keys = [open({ maxConnections: 1 }), open({ maxConnections: 2 })];
    await Promise.all(keys.map((keep) => keep.gmail.hasActiveGmailConnection('nobody')));
    expect(await connections()).toBe(2);
  });

  it('keeps the keys of instances apart that share it', async () => {
    const userId = await insertRow(database, { left: 3_600 });
    const [right, wrong] = [open(), open({ gmailEncryptionKey: OTHER_KEY })];
    for (let round = 0; round < 3; round++) {
      await expect(wrong.gmail.getGmailTokenDecrypted(userId)).rejects.toMatchObject({
        name: 'DecryptionError',
      });
      expect(await right.gmail.getGmailTokenDecrypted(userId)).not.toBeNull();
    }
  });

  it('connects only when it is needed', async () => {
    // The server takes a moment to end the connections of the tests before.
    await until(async () => (await connections()) === 0);
    createTokenKeep({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none' });
    const keep = open({ maxConnections: 4 });
    expect(await connections()).toBe(0);
    await keep.close();
  });

  it('that cannot connect fails with an error that may be tried again', async () => {
    const keep = open({ databaseUrl: 'postgres://u:hunter2@127.0.0.1:1/none' });
    const error = await failureOf(keep.gmail.hasActiveGmailConnection('u'));
    expect(error).toMatchObject({ name: 'DatabaseError', retryable: true });
    expect(printed(error)).not.toContain('hunter2');
  });

  it('that is refused by the server says why, and is not to be tried again', async () => {
    const url = new URL(database.url);
    url.password = 'wrong-hunter2';
    const error = await failureOf(
      open({ databaseUrl: url.href }).gmail.hasActiveGmailConnection('u'),
    );
    expect(error).toMatchObject({ name: 'DatabaseError', sqlstate: '28P01', retryable: false });
    expect(printed(error)).not.toContain('wrong-hunter2');
  });
});

describe('a table that is not there', () => {
  it('is SchemaError that says what to run', async () => {
    const keep = open({ schema: 'nowhere' });
    await expect(keep.gmail.hasActiveGmailConnection('u')).rejects.toMatchObject({
      name: 'SchemaError',
      code: 'ERR_TOKENKEEP_SCHEMA',
      message: expect.stringContaining('npx tokenkeep migrate --store gmail'),
    });
  });
});
