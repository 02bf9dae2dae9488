/** The server has no connection left. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { failureOf, until } from '../../helpers/promises';
import { STORES } from '../every-store';
import { allBytes, callsOn, makeRows } from './rows';
import { useScene } from './scene';

const scene = useScene();

/** How many connections the role may have; `leave` frees them. */
const MOST = 2;
let role: { url: string; name: string };
beforeAll(async () => {
  role = await scene.role();
  await scene.database.client.query(`ALTER ROLE ${role.name} CONNECTION LIMIT ${MOST}`);
});
afterAll(() => scene.dropRole(role.name));

async function takeAll(): Promise<void> {
  for (let taken = 0; taken < MOST; taken++) await scene.client(role.url);
}

it('every call says so, and works again when there is one', async () => {
  const { user } = await makeRows(scene.keep(), scene.endpoint);
  const before = await allBytes(scene.database.client);
  await takeAll();
  const keep = scene.keep({ databaseUrl: role.url, maxConnections: MOST });
  const limited = callsOn(keep, user);
  for (const store of STORES) {
    for (const call of ['read', 'store', 'remove'] as const) {
      const failure = await failureOf(limited[store][call]());
      expect(failure, store).toMatchObject({
        code: 'ERR_TOKENKEEP_DATABASE',
        sqlstate: '53300',
        retryable: true,
      });
      expect(failure.message).toContain('has no free connection');
    }
  }
  expect(await allBytes(scene.database.client)).toEqual(before);
  await scene.leave();
  for (const store of STORES) await until(() => limited[store].read().catch(() => false));
});

it('an answer that cannot be stored is returned, and stored when there is one', async () => {
  const { user } = await makeRows(scene.keep(), scene.endpoint);
  const keep = scene.keep({ databaseUrl: role.url, limitsDivisor: 10 });
  const mine = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE usename = '${role.name}' AND application_name = 'tokenkeep'`;
  scene.endpoint.script(async () => {
    await scene.database.client.query(`ALTER ROLE ${role.name} CONNECTION LIMIT 0`);
    await scene.database.client.query(mine);
    return undefined;
  });
  const token = await keep.gmail.getValidGmailToken(user);
  const other = scene.keep().gmail;
  expect((await other.getGmailTokenDecrypted(user))!.accessToken).not.toBe(token.accessToken);
  await scene.database.client.query(`ALTER ROLE ${role.name} CONNECTION LIMIT ${MOST}`);
  const stored = async () => (await other.getGmailTokenDecrypted(user))!.refreshToken;
  await until(async () => (await stored()) === token.refreshToken);
  expect(scene.endpoint.requests).toHaveLength(1);
});
