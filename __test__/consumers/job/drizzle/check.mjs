// tokenkeep/drizzle with the installed drizzle-orm: imported in both ways, compiled, its tables made by
// drizzle-kit and taken as they are by tokenkeep, its relations asked by queries.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { createTokenKeep } from 'tokenkeep';

const require = createRequire(import.meta.url);
const STORES = ['gmail', 'zoho', 'vault', 'calendar', 'integration'];

/** Runs a program of node_modules; gives how it ended, and what it has printed. */
function run(program, ...args) {
  const command = [`node_modules/${program}`, ...args];
  const options = { encoding: 'utf8', input: '', maxBuffer: 2 ** 29 };
  const { stdout, stderr, status } = spawnSync(process.execPath, command, options);
  return { status, output: stdout + stderr };
}

const kit = (...args) => {
  const { status, output } = run('drizzle-kit/bin.cjs', ...args, '--config', 'drizzle.config.ts');
  assert.equal(status, 0, output);
  return output;
};

const imported = await import('tokenkeep/drizzle');
assert.deepEqual(Object.keys(require('tokenkeep/drizzle')).sort(), Object.keys(imported).sort());

// All declarations: those of other packages are theirs.
const { output } = run('typescript/bin/tsc', '-p', '.');
const ours = output.split('\n').filter((line) => /^(?!node_modules\/)\S+\(.*: error/.test(line));
const tokenkeeps = output.split('\n').filter((line) => /^\S*node_modules\/tokenkeep\//.test(line));
assert.deepEqual([...ours, ...tokenkeeps], []);

const name = `drizzle_${randomUUID().replaceAll('-', '')}`;
const admin = new pg.Client(process.env.DATABASE_URL);
await admin.connect();
await admin.query(`CREATE DATABASE ${name}`);
const url = new URL(process.env.DATABASE_URL);
url.pathname = name;
const config = {
  dialect: 'postgresql',
  schema: './job/drizzle/tables.ts',
  out: './drizzle',
  schemaFilter: ['public'],
  dbCredentials: { url: url.href },
};
writeFileSync('drizzle.config.ts', `export default ${JSON.stringify(config)};\n`);
assert.match(kit('generate'), /SQL migration/);
kit('migrate');

const keep = createTokenKeep({ databaseUrl: url.href });
const leftOut = await keep.migrate({ stores: STORES });
// There is no such table here, and no Supabase.
assert.deepEqual(
  leftOut.filter((text) => !/site_settings|google_calendar_tokens/.test(text)),
  [],
);
assert.match(kit('generate'), /No schema changes/);

await admin.end();
const client = new pg.Client(url.href);
await client.connect();
await client.query(`INSERT INTO tenants VALUES ('t'); INSERT INTO users VALUES ('u', 'u@example')`);
const [gmail, integration] = [keep.gmail, keep.integration];
const expiresAt = new Date(Date.now() + 3_600_000);
const tokens = { accessToken: 'a', refreshToken: 'r', expiresAt };
await gmail.upsertGmailTokens({ userId: 'u', tenantId: 't', ...tokens, scope: 's' });
await integration.storeToken('u', 'google', { ...tokens, scopes: ['s'] });

const { read } = await import(pathToFileURL('out/db.js').href);
const { token, user } = await read(url.href);
assert.deepEqual([token.user.email, token.tenant.id, token.scope], ['u@example', 't', 's']);
assert.deepEqual(
  user.integrationTokens.map(({ scopes }) => scopes),
  [['s']],
);
await client.end();
await keep.close();
