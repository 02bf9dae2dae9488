/** Connection strings: what node-postgres makes of one, and what we make of it. */

import { userInfo } from 'node:os';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Database, startPostgres } from '../../support/postgres.mjs';
import { createTokenKeep } from '../../dist/index.js';
import { KEY } from '../helpers/database';
import { failureOf } from '../helpers/promises';

/** A password that has to be escaped. */
const PASSWORD = 'p@ss w/rd:?#%&=+é';

let server: Database;
let port: number;
let sockets: string;

beforeAll(async () => {
  server = await startPostgres();
  ({ port } = server);
  sockets = server.socketDirectory!;
  const client = new pg.Client(server.url);
  await client.connect();
  await client.query(
    `CREATE ROLE "some one" LOGIN SUPERUSER PASSWORD ${pg.escapeLiteral(PASSWORD)}`,
  );
  await client.query(`CREATE ROLE plain LOGIN SUPERUSER PASSWORD 'a b'`);
  await client.query('CREATE DATABASE "some one"');
  await client.query('CREATE DATABASE "some app"');
  await client.end();
  for (const database of ['some one', 'some app', 'postgres']) {
    const url = new URL(server.url);
    url.pathname = `/${encodeURIComponent(database)}`;
    const keep = createTokenKeep({ databaseUrl: url.href });
    await keep.migrate({ stores: ['gmail'] });
    await keep.close();
  }
});
afterEach(() => void vi.unstubAllEnvs());
afterAll(() => server.stop());

interface Session {
  usename: string;
  datname: string;
  application_name: string;
}

const SESSION = `SELECT usename, datname, application_name FROM pg_stat_activity WHERE`;

/** Whom a URL leads to, by node-postgres. */
async function byNodePostgres(url: string | undefined): Promise<Session> {
  const client = new pg.Client(url === undefined ? {} : { connectionString: url });
  await client.connect();
  const { rows } = await client.query(`${SESSION} pid = pg_backend_pid()`);
  await client.end();
  return rows[0];
}

/** Whom it leads us to. */
async function byUs(url: string | undefined): Promise<Session> {
  vi.stubEnv('DATABASE_URL', undefined);
  const keep = createTokenKeep({ databaseUrl: url, gmailEncryptionKey: KEY });
  const client = new pg.Client(server.url);
  await client.connect();
  try {
    const { rows: before } = await client.query(`SELECT pid FROM pg_stat_activity`);
    await keep.gmail.hasActiveGmailConnection('nobody');
    const known = before.map(({ pid }) => pid);
    const { rows } = await client.query(
      `${SESSION} backend_type = 'client backend' AND pid <> ALL($1)`,
      [known],
    );
    expect(rows).toHaveLength(1);
    return rows[0];
  } finally {
    await client.end();
    await keep.close();
  }
}

const escaped = encodeURIComponent(PASSWORD);
const login = `some%20one:${escaped}`;

describe('leads where node-postgres goes', () => {
  it.each<[string, () => string, Record<string, () => string>?]>([
    ['everything escaped', () => `postgres://${login}@127.0.0.1:${port}/some%20app`],
    ['the other scheme', () => `postgresql://${login}@127.0.0.1:${port}/some%20app`],
    ['no database: the one of the user’s name', () => `postgres://${login}@127.0.0.1:${port}`],
    ['an unescaped space', () => `postgres://plain:a b@127.0.0.1:${port}/postgres`],
    [
      'user, password and port as parameters',
      () => `postgres://127.0.0.1/postgres?user=some%20one&password=${escaped}&port=${port}`,
    ],
    [
      'a name of the application',
      () => `postgres://${login}@127.0.0.1:${port}/postgres?application_name=my%20app`,
    ],
    [
      'a plus for a space',
      () => `postgres://${login}@127.0.0.1:${port}/postgres?application_name=my+app`,
    ],
    [
      'a socket’s folder as a parameter',
      () => `postgres://${login}@/postgres?host=${encodeURIComponent(sockets)}&port=${port}`,
    ],
    [
      'a socket’s folder as a host',
      () => `postgres://${login}@${encodeURIComponent(sockets)}:${port}/postgres`,
    ],
    [
      'a host as a parameter',
      () => `postgres://${login}@nowhere.invalid:${port}/postgres?host=127.0.0.1`,
    ],
    [
      'no password but PGPASSWORD',
      () => `postgres://some%20one@127.0.0.1:${port}/postgres`,
      { PGPASSWORD: () => PASSWORD },
    ],
    [
      'no user but PGUSER',
      () => `postgres://127.0.0.1:${port}/postgres`,
      { PGUSER: () => 'some one', PGPASSWORD: () => PASSWORD },
    ],
    [
      'no port but PGPORT',
      () => `postgres://${login}@127.0.0.1/postgres`,
      { PGPORT: () => `${port}` },
    ],
    [
      'no host but PGHOST',
      () => `postgres://${login}@/postgres`,
      { PGHOST: () => '127.0.0.1', PGPORT: () => `${port}` },
    ],
    [
      'no database but PGDATABASE',
      () => `postgres://${login}@127.0.0.1:${port}`,
      { PGDATABASE: () => 'some app' },
    ],
    [
      'PGAPPNAME',
      () => `postgres://${login}@127.0.0.1:${port}/postgres`,
      { PGAPPNAME: () => 'theirs' },
    ],
  ])('%s', async (_, url, variables = {}) => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value());
    const theirs = await byNodePostgres(url());
    const ours = await byUs(url());
    // Where nobody names the application it is our name.
    expect(ours).toEqual({ ...theirs, application_name: theirs.application_name || 'tokenkeep' });
  });

  it('nothing but libpq’s variables', async () => {
    vi.stubEnv('PGHOST', '127.0.0.1');
    vi.stubEnv('PGPORT', `${port}`);
    vi.stubEnv('PGUSER', 'some one');
    vi.stubEnv('PGPASSWORD', PASSWORD);
    vi.stubEnv('PGDATABASE', 'some app');
    expect(await byUs(undefined)).toEqual({
      ...(await byNodePostgres(undefined)),
      application_name: 'tokenkeep',
    });
    expect(userInfo().username).not.toBe('some one');
  });
});

describe('white space around a connection string', () => {
  const url = () => `postgres://${login}@127.0.0.1:${port}/postgres`;

  it.each([
    ['a line break at its end, as of a file', (text: string) => `${text}\n`],
    ['one of Windows', (text: string) => `${text}\r\n`],
    ['tabs and line breaks on both sides', (text: string) => `\t\n${text}\n\t`],
  ])('is no part of it, as for node-postgres: %s', async (_, around) => {
    const { usename, datname } = await byNodePostgres(around(url()));
    expect(await byUs(around(url()))).toMatchObject({ usename, datname });
  });

  it.each([
    ['a space before it', (text: string) => ` ${text}`, 'starts or ends with a space'],
    ['a space after it', (text: string) => `${text} `, 'starts or ends with a space'],
    ['a space, and a line break', (text: string) => `${text} \n`, 'starts or ends with a space'],
    [
      'a line break in it',
      (text: string) => text.replace('@', '\n@'),
      'contains a line break or a tab',
    ],
  ])('is refused with the reason: %s', async (_, around, reason) => {
    const failure = await failureOf(byUs(around(url())));
    expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_CONFIGURATION' });
    expect(failure.message).toContain(`DATABASE_URL: ${reason}`);
  });

  it('counts in libpq’s variables as for node-postgres, and is named of a host', async () => {
    const variables = {
      PGHOST: '127.0.0.1',
      PGPORT: `${port}`,
      PGUSER: 'plain',
      PGPASSWORD: 'a b',
    };
    const stub = (more: object) => {
      const all = { ...variables, PGDATABASE: 'postgres', ...more };
      for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value);
    };
    stub({ PGPORT: `${port}\n` });
    expect(await byUs(undefined)).toMatchObject({ datname: 'postgres' });
    expect(await byNodePostgres(undefined)).toMatchObject({ datname: 'postgres' });
    for (const name of ['PGUSER', 'PGPASSWORD', 'PGDATABASE']) {
      stub({ [name]: `${{ ...variables, PGDATABASE: 'postgres' }[name]}\n` });
      const { code } = await failureOf(byNodePostgres(undefined));
      expect(await failureOf(byUs(undefined))).toMatchObject({ sqlstate: code });
    }
    stub({ PGHOST: '127.0.0.1\n' });
    await failureOf(byNodePostgres(undefined));
    const failure = await failureOf(byUs(undefined));
    expect(failure.message).toContain('PGHOST has a host with leading or trailing white space');
  });
});

describe('a time to connect that is no number of seconds', () => {
  const failure = async (databaseUrl: string) => {
    const keep = createTokenKeep({ databaseUrl, gmailEncryptionKey: KEY });
    const { message } = await failureOf(keep.gmail.hasActiveGmailConnection('nobody'));
    await keep.close();
    return message;
  };
  const refused = 'must be a whole number of seconds';

  it('is refused as connect_timeout', async () => {
    const message = await failure('postgres://u@127.0.0.1:1/d?connect_timeout=10s');
    expect(message).toBe(`DATABASE_URL: connect_timeout ${refused}`);
  });

  it('is refused as PGCONNECT_TIMEOUT, where the URL says nothing', async () => {
    vi.stubEnv('PGCONNECT_TIMEOUT', 'soon');
    expect(await failure('postgres://u@127.0.0.1:1/d')).toBe(`PGCONNECT_TIMEOUT: ${refused}`);
    const message = await failure('postgres://u@127.0.0.1:1/d?connect_timeout=10');
    expect(message).toContain('no server listens');
  });
});

describe('parameters that mean nothing here', () => {
  it('are left out, without a word where another program’s are', async () => {
    const warnings: string[] = [];
    const listen = (warning: Error) => warnings.push(warning.message);
    process.on('warning', listen);
    const url = (query: string) => `postgres://${login}@127.0.0.1:${port}/postgres?${query}`;
    const prisma = 'pgbouncer=true&connection_limit=1&pool_timeout=20&statement_cache_size=0';
    expect(await byUs(url(prisma))).toMatchObject({ datname: 'postgres' });
    expect(warnings).toEqual([]);
    for (let time = 0; time < 2; time++) await byUs(url('colour=blue'));
    process.off('warning', listen);
    const said = 'DATABASE_URL: the unknown parameter colour is ignored';
    expect(warnings).toEqual([said]);
  });
});

describe('a password that is not escaped', () => {
  it.each([
    'postgres://u:hunter?two=three@h/d',
    'postgres://u:hunter?two&three=four@h/d',
    'postgres://u:hunter@?two=three@h/d',
    'postgres://u:hun@ter?two=three@h/d',
    'postgres://u:hun@ter?two=three@four/d?five=six',
    'postgres://u:hunter/?two=three@h/d',
    'postgres://h/d?user=u&password=hunter?two&three=four@five',
  ])('is refused, and no piece of it is printed: %s', async (databaseUrl) => {
    const warnings: string[] = [];
    const listen = (warning: Error) => warnings.push(warning.message);
    process.on('warning', listen);
    const keep = createTokenKeep({ databaseUrl, gmailEncryptionKey: KEY });
    const failure = await failureOf(keep.gmail.hasActiveGmailConnection('nobody'));
    await keep.close();
    process.off('warning', listen);
    expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_CONFIGURATION' });
    expect(failure.message).not.toMatch(/hun|two|three|four|five/);
    expect(warnings).toEqual([]);
  });
});

describe('a database of another encoding', () => {
  it.each(['LATIN1', 'EUC_JP', 'SQL_ASCII'])('is refused by name: %s', async (encoding) => {
    const client = new pg.Client(server.url);
    await client.connect();
    const name = `of_${encoding.toLowerCase()}`;
    await client.query(
      `CREATE DATABASE ${name} ENCODING '${encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`,
    );
    await client.end();
    const databaseUrl = `postgres://${login}@127.0.0.1:${port}/${name}`;
    const keep = createTokenKeep({ databaseUrl, gmailEncryptionKey: KEY });
    const said = {
      code: 'ERR_TOKENKEEP_CONFIGURATION',
      message: expect.stringMatching(
        new RegExp(`^DATABASE_URL.*the encoding ${encoding}.*ENCODING 'UTF8'`),
      ),
      retryable: false,
    };
    for (const call of [
      () => keep.gmail.hasActiveGmailConnection('nobody'),
      () => keep.forTenant('日本').gmail.deleteGmailTokens('nobody'),
      () => keep.migrate({ stores: ['gmail'] }),
    ]) {
      expect(await failureOf(call())).toMatchObject(said);
    }
    await keep.close();
  });
});
