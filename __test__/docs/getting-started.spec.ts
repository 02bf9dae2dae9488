/**
 * Follows docs/getting-started.md in an empty folder, as one shell session: each block of the page as it
 * stands there, against a database of its own and a token endpoint on loopback. Only what the reader is told
 * to replace is replaced: the build of the checkout, and the database's URL in `.env`. Then runs the lines of
 * the README in that application.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TokenEndpoint, startTokenEndpoint } from '../../dist/testing/index.js';
import { packLocal } from '../../scripts/packages/local.mjs';
import { emptyDatabase, type TestDatabase } from '../helpers/database';
import { lean } from '../consumers/addons.mjs';

const root = join(import.meta.dirname, '../..');

interface Block {
  language: string;
  text: string;
}

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, page), 'utf8');
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)];
  return blocks.map(([, language, content]) => ({ language: language!, text: content! }));
}

const blocks = blocksOf('docs/getting-started.md');
const BUILD = 'npm ci && npm run build && npm run pack -- --local\n';
const DATABASE_URL = 'postgres://app:password@localhost:5432/app';

/** A block as a reader carries it out: commands are typed, files are written. */
function scriptOf({ language, text }: Block, database: TestDatabase): string {
  if (language === 'sh') return text === BUILD ? '' : text;
  const [, file] = /^(?:\/\/|#) (\S+)\n/.exec(text) ?? [];
  if (!file) throw new Error(`A block without the name of its file: ${text}`);
  return `cat > ${file} <<'END'\n${text.replace(DATABASE_URL, hostedUrl(database))}END\n`;
}

/** A URL with several parameters, as hosted databases have it: `&` ends a command of the shell. */
function hostedUrl({ url }: TestDatabase): string {
  const hosted = new URL(url);
  hosted.search = 'sslmode=disable&application_name=app';
  return hosted.href;
}

async function bash(script: string, cwd: string, env: Record<string, string>) {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text));
  const [code] = await once(child, 'close');
  return { code, ...output };
}

let folder: string;
let tarball: string;
let database: TestDatabase;
let endpoint: TokenEndpoint;
let env: Record<string, string>;
let session: Awaited<ReturnType<typeof bash>>;

beforeAll(async () => {
  database = await emptyDatabase();
  endpoint = await startTokenEndpoint();
  folder = mkdtempSync(join(tmpdir(), 'tokenkeep-getting-started-'));
  const out = join(folder, 'tokenkeep/target');
  mkdirSync(out, { recursive: true });
  tarball = packLocal(root, { from: lean(root, join(folder, 'addons')), out });
  env = {
    TOKENKEEP_GOOGLE_TOKEN_URL: endpoint.url,
    // What the page installs needs nothing from a registry, and asks none.
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
  };
  const steps = blocks.filter(({ language }) => ['sh', 'js', 'ini'].includes(language));
  session = await bash(steps.map((step) => scriptOf(step, database)).join('\n'), folder, env);
}, 240_000);

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await endpoint.stop();
  await database.drop();
});

describe('the page on getting started', () => {
  it('leads from an empty folder to a valid token, refreshed once for all callers', () => {
    const [printed] = blocks.filter(({ language }) => language === 'text');
    expect(session, session.stderr).toMatchObject({ code: 0 });
    expect(session.stdout).toContain(printed!.text);
  });

  it('removes the row of the trial', async () => {
    const [statement] = blocks.filter(({ language }) => language === 'sql');
    const { rowCount } = await database.client.query(statement!.text);
    expect(rowCount).toBe(1);
  });

  it('has a schedule that refreshes what expires soon, and seals what it stores', async () => {
    const { accessToken, refreshToken } = endpoint.issue();
    const response = {
      access_token: accessToken,
      refresh_token: refreshToken,
      expires_in: 600,
      scope: 'openid',
    };
    const consent = `import { connect } from './tokens.mjs';
      await connect('grace', ${JSON.stringify(response)});`;
    expect(await runModule(consent)).toMatchObject({ code: 0 });

    const application = join(folder, 'app');
    const [schedule] = blocks.filter(({ language }) => language === 'crontab');
    const script = schedule!.text
      .replace(/^(\S+ ){5}/m, '')
      .replace('/srv/app', application)
      .replace('/usr/local/bin', dirname(process.execPath));
    // cron begins with a PATH of its own, on which many machines have no Node.
    const run = await bash(`PATH=/nowhere\n${script}`, dirname(application), env);
    const stdout = expect.stringContaining('Refreshed 1');
    expect(run, run.stderr).toMatchObject({ code: 0, stdout });
    expect(endpoint.isAlive(refreshToken)).toBe(false);
    const { rows } = await database.client.query(
      `SELECT access_token FROM integration_tokens
       WHERE user_id = 'grace' AND expires_at > now() + interval '50 minutes'`,
    );
    expect(rows).toEqual([{ access_token: expect.stringMatching(/^tk1\./) }]);
  });
});

describe('the README', () => {
  it('has lines that store a token and give a valid one', async () => {
    const [lines] = blocksOf('README.md').filter(({ language }) => language === 'js');
    const { accessToken, refreshToken } = endpoint.issue();
    const tokens = { access_token: accessToken, refresh_token: refreshToken, expires_in: 60 };
    const { code, stdout, stderr } = await runModule(
      `const tokens = ${JSON.stringify(tokens)};\n${lines!.text}\nconsole.log(accessToken);`,
    );
    expect(code, stderr).toBe(0);
    expect(endpoint.familyOfAccess(stdout.trim())).toMatchObject({ alive: true });
    expect(stdout.trim()).not.toBe(accessToken);
  });
});

describe('every document', () => {
  it('installs the tarball that is packed here, and nothing else of a checkout', () => {
    const ways = documents().flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(INSTALLED)].map(([way]) => ({
        file,
        way,
      })),
    );
    expect(ways.length).toBeGreaterThan(10);
    for (const { file, way } of ways) {
      if (!way.endsWith('/…')) expect(way, file).toContain(`/target/${basename(tarball)}`);
    }
  });
});

/** A path below a checkout, or below a folder beside the application, that is installed or a dependency. */
const INSTALLED = /(?:\b(?:file:|install |add )|: ")[^\s"]*(?:tokenkeep\b|\.\.)\/[^\s"`]*/g;

/** All documents, and the manifests of the examples. */
function documents(): string[] {
  const below = ['docs', 'examples'].flatMap((path) =>
    readdirSync(join(root, path), { recursive: true, encoding: 'utf8' })
      .filter((name) => !name.includes('node_modules') && /\.md$|package\.json$/.test(name))
      .map((name) => join(path, name)),
  );
  return ['README.md', ...below];
}

/** Runs a module in the application that the page has made. */
async function runModule(source: string) {
  writeFileSync(join(folder, 'app/test.mjs'), source);
  return bash('set -a && . ./.env && set +a && node test.mjs', join(folder, 'app'), env);
}
