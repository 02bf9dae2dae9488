import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encryptToken } from '../../dist/crypto.js';
import { createTokenKeep, sealValue } from '../../dist/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { startCli } from '../helpers/cli';
import { emptyDatabase, type TestDatabase } from '../helpers/database';
import { until } from '../helpers/promises';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const { version } = createRequire(import.meta.url)('../../package.json');

const COMMANDS = [
  'migrate',
  'doctor',
  'keygen',
  'refresh',
  'revive',
  'rotate',
  'seal',
  'serve',
  'unseal',
];

let database: TestDatabase;
beforeEach(async () => {
  database = await emptyDatabase();
});
afterEach(() => database.drop());

/** Runs the CLI to its end. */
const cli = (args: string[], env?: Record<string, string>) => startCli(database, args, env).ended;

const tables = async (schema = 'public') =>
  (
    await database.client.query(
      `SELECT tablename FROM pg_tables WHERE schemaname = $1 AND tablename = 'gmail_tokens'`,
      [schema],
    )
  ).rowCount;

describe('keygen', () => {
  it('prints a key that seals, and another one each time', async () => {
    const [first, second] = await Promise.all([cli(['keygen']), cli(['keygen'])]);
    for (const { code, stdout, stderr } of [first, second]) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
      process.env['GMAIL_ENCRYPTION_KEY'] = stdout.trim();
      expect(encryptToken('token')).toMatch(/^[0-9a-f:]+$/);
    }
    expect(first.stdout).not.toBe(second.stdout);
    delete process.env['GMAIL_ENCRYPTION_KEY'];
  });

  it('prints one JSON object with --json', async () => {
    const { code, stdout } = await cli(['keygen', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ key: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it('needs no database', async () => {
    expect(await cli(['keygen'], { DATABASE_URL: '' })).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('migrate', () => {
  it('makes the table, says what it left out, and does nothing the second time', async () => {
    const first = await cli(['migrate', '--store', 'gmail']);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/^Tables ready: gmail\n/);
    expect(first.stdout).toContain('tenants');
    expect(first.stdout).toContain('  left out site_settings.gmail_diagnostic_enabled: there is');
    expect(await tables()).toBe(1);
    expect(await cli(['migrate', '--store', 'gmail'])).toEqual(first);
  });

  it.each([[['--store', 'gmail,zoho']], [['--store', 'gmail', '--store', 'zoho']]])(
    'takes several stores: %j',
    async (stores) => {
      const { code, stdout } = await cli(['migrate', ...stores]);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^Tables ready: gmail, zoho\n/);
    },
  );

  it('says of all that it left out that nothing needs it, and what can be added later', async () => {
    const lastOf = async () =>
      (await cli(['migrate', '--store', 'calendar'])).stdout.trimEnd().split('\n').slice(1);
    const [rowSecurity, foreignKey, ...advice] = await lastOf();
    expect(rowSecurity).toMatch(/^  left out row-level security/);
    expect(foreignKey).toMatch(/^  left out the foreign key/);
    const works = 'tokenkeep works without what was left out.';
    expect(advice).toEqual([`${works} To add foreign keys later, run migrate again.`]);
    // Row-level security is never switched on in a table that is there.
    await database.client.query(
      'CREATE SCHEMA auth; CREATE TABLE auth.users (id uuid PRIMARY KEY)',
    );
    expect(await lastOf()).toEqual([rowSecurity, works]);
  });

  it('prints one JSON object with --json', async () => {
    const { code, stdout, stderr } = await cli(['migrate', '--store', 'gmail', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ stores: ['gmail'], leftOut: expect.any(Array) });
    expect(JSON.parse(stdout).leftOut).toHaveLength(3);
  });

  it('works in the schema that --schema names', async () => {
    await database.client.query('CREATE SCHEMA app');
    expect(await cli(['migrate', '--store', 'gmail', '--schema', 'app'])).toMatchObject({
      code: 0,
    });
    expect(await tables('app')).toBe(1);
    expect(await tables()).toBe(0);
  });

  it('is safe when ten processes start at once on an empty database', async () => {
    const runs = await Promise.all(
      Array.from({ length: 10 }, () => cli(['migrate', '--store', 'gmail'])),
    );
    for (const run of runs) expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(await tables()).toBe(1);
    const { rows } = await database.client.query('SELECT version FROM tokenkeep.migrations');
    expect(rows).toHaveLength(1);
  });

  it.each([
    ['id text', 'user_id'],
    ['id text, user_id text UNIQUE', 'tenant_id'],
  ])('fails with 1 and names the column that a table (%s) lacks', async (columns, missing) => {
    await database.client.query(`CREATE TABLE gmail_tokens (${columns})`);
    const { code, stdout, stderr } = await cli(['migrate', '--store', 'gmail']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^tokenkeep: .*gmail_tokens.*${missing}`));
    // That is what was just run.
    expect(stderr).not.toContain('Run: npx tokenkeep migrate');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it.each([
    ['a server that is not there', 'postgres://u:hunter2@127.0.0.1:1/d', 'database'],
    ['a text that is no URL', 'postgres//u:hunter2@h', 'DATABASE_URL'],
    ['none at all', '', 'DATABASE_URL'],
  ])('fails with 1 and never prints the password: %s', async (_, url, named) => {
    const { code, stdout, stderr } = await cli(['migrate', '--store', 'gmail'], {
      DATABASE_URL: url,
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(named);
    expect(stderr).not.toContain('hunter2');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('never prints the password that the server refused', async () => {
    const url = new URL(database.url);
    url.password = 'hunter2-refused';
    const { code, stderr } = await cli(['migrate', '--store', 'gmail'], { DATABASE_URL: url.href });
    expect(code).toBe(1);
    expect(stderr).toContain('28P01');
    expect(stderr).not.toContain('hunter2');
  });
});

describe('a wrong call', () => {
  it.each([
    ['no command', []],
    ['a command that does not exist', ['frobnicate']],
    ['an option that does not exist', ['migrate', '--stores', 'gmail']],
    ['no store', ['migrate']],
    ['a store without a name', ['migrate', '--store']],
    ['a store that does not exist', ['migrate', '--store', 'nothing']],
    ['an empty store', ['migrate', '--store', '']],
    ['a word too many', ['migrate', '--store', 'gmail', 'now']],
    ['--keep with another word', ['migrate', '--store', 'gmail', '--keep', 'oldest']],
    ['an option of keygen that does not exist', ['keygen', '--bits', '128']],
    ['a word too many for keygen', ['keygen', 'now']],
  ])('is 2 and points to --help, and nothing is done: %s', async (_, args) => {
    const { code, stdout, stderr } = await cli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^tokenkeep: /);
    expect(stderr).toContain('--help');
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(await tables()).toBe(0);
  });
});

describe('what is asked of the tool itself', () => {
  it('--version prints that of the package', async () => {
    expect(await cli(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([['--help'], ['-h']])('%s names every command and exit code', async (flag) => {
    const { code, stdout, stderr } = await cli([flag]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const word of [...COMMANDS, '--version', 'Exit codes']) expect(stdout).toContain(word);
  });

  it.each(COMMANDS)('%s --help shows that command alone, and does nothing', async (command) => {
    const { code, stdout, stderr } = await cli([command, '--json', '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: npx tokenkeep ${command} `));
    for (const part of ['--json', 'Example:', 'Exit codes:']) expect(stdout).toContain(part);
    const others = COMMANDS.filter((other) => other !== command);
    for (const other of others) expect(stdout).not.toContain(`tokenkeep ${other}`);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(await tables()).toBe(0);
  });

  it.each([
    [['help'], ['--help']],
    [['help', 'help'], ['--help']],
    [
      ['help', 'migrate'],
      ['migrate', '--help'],
    ],
    [
      ['help', 'migrate', '--help'],
      ['migrate', '--help'],
    ],
  ])('%j is %j', async (words, flags) => {
    const help = await cli(flags);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(await cli(words)).toEqual(help);
  });

  it('a command without its addon shows its help', async () => {
    const env = { NAPI_RS_NATIVE_LIBRARY_PATH: '/nowhere.node' };
    expect(await cli(['migrate', '--help'], env)).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('a mistyped', () => {
  it.each([
    ['command', ['refersh'], "unknown command 'refersh'. Did you mean 'refresh'?", ''],
    ['start of a command', ['doc'], "unknown command 'doc'. Did you mean 'doctor'?", ''],
    [
      'command after help',
      ['help', 'migrat'],
      "unknown command 'migrat'. Did you mean 'migrate'?",
      '',
    ],
    ['help', ['hlep'], "unknown command 'hlep'. Did you mean 'help'?", ''],
    ['option', ['keygen', '--jsno'], "unknown option '--jsno'. Did you mean '--json'?", 'keygen '],
    [
      'part of an option',
      ['refresh', '--within', '9'],
      "unknown option '--within'. Did you mean '--expires-within'?",
      'refresh ',
    ],
    [
      'option of the tool',
      ['--verison'],
      "unknown option '--verison'. Did you mean '--version'?",
      '',
    ],
    [
      'store',
      ['unseal', '--store', 'zoo'],
      "--store must be one of zoho, calendar, integration, but is 'zoo'. Did you mean 'zoho'?",
      'unseal ',
    ],
  ])(
    '%s is answered with the nearest name, and where its help is',
    async (_, args, told, command) => {
      const stderr = `tokenkeep: ${told}\nSee: npx tokenkeep ${command}--help\n`;
      expect(await cli(args)).toEqual({ code: 2, stdout: '', stderr });
    },
  );

  it.each([
    ['a command like no other', ['frobnicate'], "unknown command 'frobnicate'"],
    ['an option like no other', ['keygen', '--bits', '9'], "unknown option '--bits'"],
    ['a name of every object', ['keygen', '--constructor'], "unknown option '--constructor'"],
    ['a short option', ['keygen', '-j'], "unknown option '-j'"],
    ['a value for a flag', ['keygen', '--json=1'], '--json takes no value'],
    ['no value', ['migrate', '--store'], '--store needs a value: --store NAME'],
    [
      'an option for a value',
      ['migrate', '--store', '--json'],
      '--store needs a value: --store NAME',
    ],
    ['no required option', ['revive'], '--store is missing: --store NAME'],
    ['a word too many', ['keygen', 'now'], "unexpected argument 'now'"],
  ])('call is answered with what is wrong, and no other name: %s', async (_, args, told) => {
    const { code, stderr } = await cli(args);
    expect({ code, told: stderr.split('\n')[0] }).toEqual({ code: 2, told: `tokenkeep: ${told}` });
  });
});

describe('unseal', () => {
  const env = { TOKENKEEP_KEY: '11'.repeat(32) };

  it('prints how many rows it rewrote, as text and as JSON', async () => {
    await cli(['migrate', '--store', 'zoho']);
    const insert = `INSERT INTO oauth_tokens (client_id, provider, refresh_token) VALUES ('c', 'p', $1)`;
    process.env['TOKENKEEP_KEY'] = env.TOKENKEEP_KEY;
    await database.client.query(insert, [sealValue('zoho', 'refresh_token', ['c', 'p'], 'token')]);
    delete process.env['TOKENKEEP_KEY'];
    const read = { ...env, TOKENKEEP_SEALING: 'off' };
    const first = await cli(['unseal', '--store', 'zoho'], read);
    expect(first).toEqual({ code: 0, stdout: 'Unsealed zoho: 1 row\n', stderr: '' });
    const second = await cli(['unseal', '--store', 'zoho', '--json'], read);
    expect(JSON.parse(second.stdout)).toEqual({ store: 'zoho', rows: 0 });
    const { rows } = await database.client.query('SELECT refresh_token FROM oauth_tokens');
    expect(rows).toEqual([{ refresh_token: 'token' }]);
  });

  it('fails while values would be sealed again, and without a store', async () => {
    await cli(['migrate', '--store', 'zoho']);
    const refused = await cli(['unseal', '--store', 'zoho'], env);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^tokenkeep: TOKENKEEP_SEALING: must be off/);
    expect((await cli(['unseal'], env)).code).toBe(2);
    expect((await cli(['unseal', '--store', 'gmail'], env)).code).toBe(2);
  });
});

describe('refresh', () => {
  const env = () => ({
    TOKENKEEP_KEY: '11'.repeat(32),
    GOOGLE_CLIENT_ID: 'client',
    GOOGLE_CLIENT_SECRET: 'secret',
  });
  const connected = (refreshToken: string) =>
    database.client.query(
      `INSERT INTO integration_tokens (user_id, provider, access_token, refresh_token, expires_at, scopes)
       VALUES (gen_random_uuid(), 'google', 'at', $1, now() + interval '5 minutes', '{}')`,
      [refreshToken],
    );

  it('refreshes what runs out soon, and fails when something could not be', async () => {
    await cli(['migrate', '--store', 'integration']);
    const endpoint = await startTokenEndpoint();
    const at = { ...env(), TOKENKEEP_GOOGLE_TOKEN_URL: endpoint.url };
    await connected(endpoint.issue().refreshToken);
    await connected('dead');
    expect(await cli(['refresh', '--expires-within', '100'], at)).toEqual({
      code: 0,
      stdout: 'Refreshed 0, failed 0, revoked 0\n',
      stderr: '',
    });
    const { code, stdout } = await cli(['refresh', '--json', '--concurrency', '2'], at);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      refreshed: 1,
      failed: 0,
      revoked: 1,
      failures: [{ provider: 'google', code: 'ERR_TOKENKEEP_REVOKED', count: 1 }],
      skipped: [],
    });
    await connected(endpoint.issue().refreshToken);
    endpoint.script([{ status: 400, body: { error: 'invalid_scope' } }]);
    expect(await cli(['refresh'], at)).toMatchObject({
      code: 1,
      stdout: 'Refreshed 0, failed 1, revoked 0\ngoogle: 1 row, ERR_TOKENKEEP_PROVIDER_REFUSED\n',
    });
    await database.client.query(`UPDATE integration_tokens SET provider = 'other'`);
    expect(await cli(['refresh'], at)).toMatchObject({
      code: 0,
      stdout: 'Refreshed 0, failed 0, revoked 0\nother: 1 row due, not refreshed\n',
    });
    await endpoint.close();
  });

  it('refuses what makes no sense', async () => {
    for (const args of [
      ['--expires-within', '0'],
      ['--concurrency', 'x'],
      ['--limit', '-1'],
      ['--max-per-second', ''],
      ['--concurrency', '1.5'],
    ]) {
      expect((await cli(['refresh', ...args], env())).code).toBe(2);
    }
    const { code, stderr } = await cli(['refresh'], { TOKENKEEP_KEY: '11'.repeat(32) });
    expect(code).toBe(1);
    expect(stderr).toContain('providers: is not set');
  });
});

describe('refresh that is ended by a signal', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s: stores what was sent', async (signal) => {
    const endpoint = await startTokenEndpoint({ rotate: true });
    const key = 'ab'.repeat(32);
    const keep = createTokenKeep({ databaseUrl: database.url, tokenkeepKey: key });
    await keep.migrate({ stores: ['integration'] });
    const expiresAt = new Date(Date.now() + 120_000);
    for (const user of ['u1', 'u2']) {
      await keep.integration.storeToken(user, 'google', { ...endpoint.issue(), expiresAt });
    }
    endpoint.script(() => ({ delayMs: 1_000 }));
    const child = spawn(process.execPath, [main, 'refresh', '--concurrency', '1'], {
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: database.url,
        TOKENKEEP_KEY: key,
        GOOGLE_CLIENT_ID: 'client',
        GOOGLE_CLIENT_SECRET: 'secret',
        TOKENKEEP_GOOGLE_TOKEN_URL: endpoint.url,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (chunk) => (stderr += chunk));
    await until(() => endpoint.requests.length > 0);
    child.kill(signal);
    const [code] = await once(child, 'close');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `tokenkeep: stopped by ${signal}: all answers are stored; run it again to refresh the rest\n`,
    });
    // One was under way; nothing was sent after the signal.
    expect(endpoint.requests).toHaveLength(1);
    const sent = endpoint.requests[0]!.refreshToken!;
    const tokens = await Promise.all(
      ['u1', 'u2'].map((user) => keep.integration.getToken(user, 'google')),
    );
    const stored = tokens.map((token) => token!.refreshToken!);
    expect(stored).toContain(endpoint.familyOf(sent)!.newest);
    expect(stored).not.toContain(sent);
    const { rows } = await database.client.query(
      'SELECT count(*)::int AS leased FROM integration_tokens WHERE refreshing_at IS NOT NULL',
    );
    expect(rows[0].leased).toBe(0);
    await keep.close();
    await endpoint.close();
  });
});
