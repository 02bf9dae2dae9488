/**
 * Rotations that are killed, that run at the same time, and beside a process that refreshes: afterwards the new key
 * alone opens every row, and no refresh is lost or sent twice.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { KEY, OTHER_KEY } from '../helpers/database';
import { open, seal } from '../helpers/gmail-format';
import { Caller, endCallersAfterEach } from '../helpers/processes';
import { until } from '../helpers/promises';
import { useScene } from '../helpers/scene';

const BOTH = `2:${OTHER_KEY},1:${KEY}`;
const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const scene = useScene();
const children = new Set<ChildProcess>();
endCallersAfterEach();
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  await scene.database.client.query('TRUNCATE gmail_tokens');
});

/** `npx tokenkeep rotate`; its exit code, and what it has done, when it ends. */
function startRotate() {
  const env = { DATABASE_URL: scene.database.url, GMAIL_ENCRYPTION_KEY: BOTH };
  const child = spawn(process.execPath, [main, 'rotate', '--store', 'gmail', '--json'], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (stdout += chunk));
  const ended = once(child, 'close').then(([code]) => ({
    code,
    done: stdout ? JSON.parse(stdout).stores[0] : undefined,
  }));
  return { child, ended };
}

/** Rows of users whom nobody calls: most have long to live. */
async function insertIdle(count: number): Promise<void> {
  const sealed = Array.from({ length: count }, (_, index) => seal(`idle-${index}`, KEY));
  await scene.database.client.query(
    `INSERT INTO gmail_tokens (id, tenant_id, user_id, encrypted_access_token,
       encrypted_refresh_token, expires_at, scope)
     SELECT n, 'tenant', 'idle-' || n, text, text, now() + interval '1 day', ''
     FROM unnest($1::text[]) WITH ORDINALITY AS sealed (text, n)`,
    [sealed],
  );
}

const countOf = async (condition: string): Promise<number> => {
  const sql = `SELECT count(*)::int AS count FROM gmail_tokens WHERE ${condition}`;
  return (await scene.database.client.query(sql)).rows[0].count;
};

/** Opens all rows with the new key; throws at one that needs the old key. */
async function openedWithNewKey() {
  const { rows } = await scene.database.client.query('SELECT * FROM gmail_tokens');
  return new Map(
    rows.map((row) => [
      row.user_id as string,
      {
        accessToken: open(row.encrypted_access_token, OTHER_KEY),
        refreshToken: open(row.encrypted_refresh_token, OTHER_KEY),
      },
    ]),
  );
}

it('a rotation that was killed in the middle is finished by the next one', async () => {
  await insertIdle(3_000);
  const { client } = scene.database;
  // It cannot end before it is killed: it waits for this row.
  await client.query('BEGIN');
  await client.query(`SELECT FROM gmail_tokens WHERE user_id = 'idle-1' FOR UPDATE`);
  const first = startRotate();
  await until(async () => (await countOf('key_version = 2')) > 0);
  first.child.kill('SIGKILL');
  expect(await first.ended).toMatchObject({ code: null });
  await client.query('COMMIT');
  const left = await countOf('key_version = 1');
  expect(left).toBeGreaterThan(0);
  const second = await startRotate().ended;
  expect(second).toMatchObject({ code: 0, done: { rows: 3_000, resealed: left } });
  expect((await openedWithNewKey()).size).toBe(3_000);
});

it('two rotations at the same time share the rows, and neither fails', async () => {
  await insertIdle(3_000);
  const ended = await Promise.all([startRotate().ended, startRotate().ended]);
  expect(ended.map(({ code }) => code)).toEqual([0, 0]);
  expect(ended[0]!.done.resealed + ended[1]!.done.resealed).toBe(3_000);
  expect((await openedWithNewKey()).size).toBe(3_000);
});

it('beside a process that refreshes, with a kill in between, no token is lost or refreshed twice', async () => {
  await insertIdle(1_500);
  const users = [];
  while (users.length < 120) users.push(await scene.user());
  const caller = await Caller.start({
    databaseUrl: scene.database.url,
    gmailEncryptionKey: BOTH,
    googleClientId: 'client',
    googleClientSecret: 'secret',
    googleTokenUrl: scene.endpoint.url,
  });
  // The answers take their time, so that rows are leased while the rotation reaches them.
  scene.endpoint.script(() => ({ delayMs: 300 }));
  const calls = users.map(({ id }) => caller.call(id, 3));
  const killed = startRotate();
  await until(async () => (await countOf('key_version = 2')) > 0);
  killed.child.kill('SIGKILL');
  await killed.ended;
  const ended = await Promise.all([startRotate().ended, startRotate().ended]);
  expect(ended.map(({ code }) => code)).toEqual([0, 0]);
  const tokens = await Promise.all(calls);
  await caller.close();
  const stored = await openedWithNewKey();
  expect(stored.size).toBe(1_620);
  for (const [index, { id, refreshToken }] of users.entries()) {
    const { accessToken, refreshToken: next } = stored.get(id)!;
    expect(new Set(tokens[index])).toEqual(new Set([accessToken]));
    expect(next).not.toBe(refreshToken);
    expect(scene.endpoint.isAlive(next)).toBe(true);
    const sent = scene.endpoint.requests.filter((request) => request.refreshToken === refreshToken);
    expect(sent).toHaveLength(1);
  }
  expect(scene.endpoint.requests).toHaveLength(users.length);
});
