/** Somebody cancels our statement, or ends our session. */

import { describe, expect, it } from 'vitest';
import { failureOf, until } from '../../helpers/promises';
import { allBytes, makeRows } from './rows';
import { useScene } from './scene';

const scene = useScene();

const ways = [
  ['cancelled', 'pg_cancel_backend'],
  ['ended with its session', 'pg_terminate_backend'],
] as const;

describe.each(ways)('a statement that is %s', (_, end) => {
  /** Locks the table, and ends whoever of ours waits for it. */
  async function interrupt(mode: string, call: () => Promise<unknown>) {
    const application = await scene.client();
    await application.query(`BEGIN; LOCK TABLE gmail_tokens IN ${mode} MODE`);
    const failing = failureOf(call());
    await scene.database.client.query(`SELECT ${end}($1)`, [await scene.waiting()]);
    const failure = await failing;
    await application.query('COMMIT');
    return failure;
  }

  it.each([
    ['read', 'ACCESS EXCLUSIVE'],
    ['store', 'SHARE'],
    ['remove', 'SHARE'],
  ] as const)('%s fails once, writes nothing, and can be tried again', async (name, mode) => {
    const { gmail } = await makeRows(scene.keep(), scene.endpoint);
    const before = await allBytes(scene.database.client);
    const failure = await interrupt(mode, gmail[name]);
    expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_DATABASE', retryable: true });
    expect(await allBytes(scene.database.client)).toEqual(before);
    await gmail[name]();
  });

  it('is tried again by itself where it stores the only copy of an answer', async () => {
    const keep = scene.keep();
    const { user } = await makeRows(keep, scene.endpoint);
    const application = await scene.client();
    scene.endpoint.script(async () => {
      await application.query('BEGIN; LOCK TABLE gmail_tokens IN SHARE MODE');
      return undefined;
    });
    const refreshing = keep.gmail.getValidGmailToken(user);
    await scene.database.client.query(`SELECT ${end}($1)`, [await scene.waiting()]);
    await application.query('COMMIT');
    const token = await refreshing;
    const stored = async () => (await keep.gmail.getGmailTokenDecrypted(user))!.refreshToken;
    await until(async () => (await stored()) === token.refreshToken);
    expect(scene.endpoint.requests).toHaveLength(1);
    expect(scene.endpoint.isAlive(token.refreshToken)).toBe(true);
  });
});

it('sessions that end while they are idle cost at most one failed call', async () => {
  const keep = scene.keep();
  const { gmail } = await makeRows(keep, scene.endpoint);
  await Promise.all(Array.from({ length: 50 }, () => gmail.read()));
  await scene.database.client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'tokenkeep'`,
  );
  await gmail.read().catch(({ retryable }) => expect(retryable).toBe(true));
  await gmail.read();
});
