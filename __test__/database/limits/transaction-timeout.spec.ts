/**
 * A server that ends the session of a transaction that takes too long (PostgreSQL 17): FATAL 25P04, of
 * a class that otherwise says that the statement was wrong.
 */

import type pg from 'pg';
import { beforeAll, expect, it } from 'vitest';
import { failureOf, until } from '../../helpers/promises';
import { allBytes, makeRows } from './rows';
import { useScene } from './scene';

const scene = useScene();

// Of the sessions that begin from here on.
beforeAll(async () => {
  const { client } = scene.database;
  await client.query(`ALTER DATABASE ${client.database} SET transaction_timeout = '300ms'`);
});

const lock = async (mode: string): Promise<pg.Client> => {
  const application = await scene.client();
  await application.query('SET transaction_timeout = 0');
  await application.query(`BEGIN; LOCK TABLE gmail_tokens IN ${mode} MODE`);
  return application;
};

const ended = { code: 'ERR_TOKENKEEP_DATABASE', sqlstate: '25P04', retryable: true };

it.each([
  ['read', 'ACCESS EXCLUSIVE'],
  ['store', 'SHARE'],
  ['remove', 'SHARE'],
] as const)('%s may be tried again, on another connection', async (name, mode) => {
  const { gmail } = await makeRows(scene.keep({ maxConnections: 1 }), scene.endpoint);
  const before = await allBytes(scene.database.client);
  const application = await lock(mode);
  const failure = await failureOf(gmail[name]());
  await application.query('COMMIT');
  expect(failure).toMatchObject(ended);
  expect(await allBytes(scene.database.client)).toEqual(before);
  await gmail[name]();
});

it('a refreshed token is stored by a later try, and nothing is lost', async () => {
  const keep = scene.keep();
  const { user } = await makeRows(keep, scene.endpoint);
  let application!: pg.Client;
  scene.endpoint.script(async () => {
    application = await lock('SHARE');
    return undefined;
  });
  const refreshing = keep.gmail.getValidGmailToken(user);
  const first = await scene.waiting();
  await until(async () => (await scene.waiting()) !== first);
  await application.query('COMMIT');
  const token = await refreshing;
  const stored = async () => (await keep.gmail.getGmailTokenDecrypted(user))!.refreshToken;
  await until(async () => (await stored()) === token.refreshToken);
  expect(scene.endpoint.requests).toHaveLength(1);
  expect(scene.endpoint.isAlive(token.refreshToken)).toBe(true);
});
