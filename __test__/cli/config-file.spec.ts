/** The commands read `tokenkeep.config.*` and `.env` of the current folder. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { emptyDatabase, KEY, type TestDatabase } from '../helpers/database';
import type { Endpoint } from '../helpers/scene';
import { migrateOn } from '../helpers/tables';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

let database: TestDatabase;
let endpoint: Endpoint;
let folder: string;
beforeEach(async () => {
  database = await emptyDatabase();
  await migrateOn(database, { stores: ['integration'] });
  endpoint = (await startTokenEndpoint()) as Endpoint;
  folder = mkdtempSync(join(tmpdir(), 'tokenkeep-config-'));
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await endpoint.close();
  await database.drop();
});

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

/** Runs `tokenkeep refresh --json` in the folder. */
async function refresh(env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main, 'refresh', '--json'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk) => (texts[name] += chunk));
  }
  const [code] = await once(child, 'close');
  return { code, ...texts };
}

/** A row that is due. */
const connected = (provider: string) =>
  database.client.query(
    `INSERT INTO integration_tokens (user_id, provider, access_token, refresh_token, expires_at, scopes)
     VALUES (gen_random_uuid(), $1, 'a', $2, now(), '{}')`,
    [provider, endpoint.issue().refreshToken],
  );

const options = () => ({
  databaseUrl: database.url,
  tokenkeepKey: KEY,
  providers: { acme: { tokenUrl: endpoint.url, clientId: 'c', clientSecret: 's' } },
});

describe('a configuration file', () => {
  it.each([
    ['tokenkeep.config.mjs', (json: string) => `export default ${json};`],
    ['tokenkeep.config.js', (json: string) => `module.exports = ${json};`],
    ['tokenkeep.config.json', (json: string) => json],
  ])('describes the providers that are refreshed: %s', async (name, text) => {
    write(name, text(JSON.stringify(options())));
    await connected('acme');
    const { code, stdout, stderr } = await refresh();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ refreshed: 1, failed: 0, skipped: [] });
  });

  it.each([
    ['is no object', 'export default 1;', /must export an object/],
    ['has no default export', 'export const a = 1;', /must export an object/],
    ['throws', 'throw new Error("odd");', /cannot be loaded: odd/],
    [
      'has an unknown option',
      'export default { databaseURL: "x" };',
      /databaseURL: unknown option/,
    ],
  ])('that %s is an error', async (_, text, message) => {
    write('tokenkeep.config.mjs', text);
    const { code, stdout, stderr } = await refresh();
    expect({ stdout, failed: code !== 0 }).toEqual({ stdout: '', failed: true });
    expect(stderr).toMatch(message);
  });

  it('that is no JSON is an error that repeats nothing of it', async () => {
    write('tokenkeep.config.json', '{ "googleClientSecret": hunter2 }');
    const { code, stderr } = await refresh();
    expect(code).toBe(1);
    expect(stderr).toMatch(/tokenkeep\.config\.json: is not valid JSON/);
    expect(stderr).not.toContain('hunter2');
  });

  it('that is there twice is an error', async () => {
    write('tokenkeep.config.mjs', 'export default {};');
    write('tokenkeep.config.json', '{}');
    const { code, stderr } = await refresh();
    expect(code).toBe(1);
    expect(stderr).toMatch(/tokenkeep\.config\.mjs: there is tokenkeep\.config\.json, too/);
  });
});

describe('.env', () => {
  it('leads to no other database than the one that is set, and may be a folder', async () => {
    mkdirSync(join(folder, '.env'));
    const { hostname, port, username, password, pathname } = new URL(database.url);
    const env = {
      PGHOST: hostname,
      PGPORT: port,
      PGUSER: username,
      PGPASSWORD: decodeURIComponent(password),
      PGDATABASE: pathname.slice(1),
      TOKENKEEP_KEY: KEY,
      GOOGLE_CLIENT_ID: 'id',
      GOOGLE_CLIENT_SECRET: 'secret',
    };
    expect(await refresh(env)).toMatchObject({ code: 0, stderr: '' });
    rmSync(join(folder, '.env'), { recursive: true });
    write('.env', 'DATABASE_URL=postgres://nobody@127.0.0.1:1/none\n');
    expect(await refresh(env)).toMatchObject({ code: 0, stderr: '' });
  });

  it('is read, and does not replace what is set', async () => {
    write(
      '.env',
      `DATABASE_URL=postgres://nobody@127.0.0.1:1/none
TOKENKEEP_KEY=${KEY}
TOKENKEEP_HUBSPOT_CLIENT_ID=id
TOKENKEEP_HUBSPOT_CLIENT_SECRET=secret
TOKENKEEP_HUBSPOT_TOKEN_URL=${endpoint.url}
`,
    );
    await connected('hubspot');
    const { code, stdout, stderr } = await refresh({ DATABASE_URL: database.url });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ refreshed: 1 });
  });
});
