/** The doctor as its users run it: a process with an environment. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Check } from '../../dist/cli/doctor/check.js';
import { KEY, type TestDatabase } from '../helpers/database';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export type Environment = Record<string, string>;

/** Runs it to its end. */
export async function run(args: string[], env: Environment) {
  const child = spawn(process.execPath, [main, 'doctor', ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk) => (texts[name] += chunk));
  }
  const [code] = await once(child, 'close');
  return { code: code as number, ...texts };
}

/** What it says with `--json`, by the checks' ids. Asks no provider, unless told otherwise. */
export async function examine(env: Environment, args: string[] = ['--offline']) {
  const { code, stdout, stderr } = await run(['--json', ...args], env);
  expect(stderr).toBe('');
  const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Check[] };
  const ids = checks.map(({ id }) => id);
  expect(new Set(ids).size, 'an id stands for one check').toBe(ids.length);
  for (const { id, status, found, fix } of checks) {
    expect(found, id).toMatch(/\.$/);
    const isTold = status === 'warning' || status === 'problem';
    expect(fix !== undefined || !isTold, `${id} says how to fix it`).toBe(true);
  }
  expect(ok).toBe(checks.every(({ status }) => status !== 'problem'));
  expect(code).toBe(ok ? 0 : 1);
  return { ids, stdout, check: (id: string) => checks.find((each) => each.id === id) };
}

/** Keys and credentials for every store. */
export const COMPLETE: Environment = {
  GMAIL_ENCRYPTION_KEY: KEY,
  TOKENKEEP_KEY: KEY,
  ENCRYPTION_SECRET: 'a secret of thirty-two characters',
  GOOGLE_CLIENT_ID: 'client',
  GOOGLE_CLIENT_SECRET: 'client-secret-of-test',
};

/** The environment of an application on this database, with everything set. */
export const on = (database: TestDatabase, env: Environment = {}): Environment => ({
  ...COMPLETE,
  DATABASE_URL: database.url,
  ...env,
});

/** A role that may log in and nothing else; gives the URL with which it does. */
export async function role(database: TestDatabase, name: string): Promise<string> {
  const role = `${name}_${new URL(database.url).pathname.slice(-8)}`;
  await database.client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'plain'`);
  const url = new URL(database.url);
  url.username = role;
  url.password = 'plain';
  return url.href;
}

export const nameOf = (url: string): string => new URL(url).username;
