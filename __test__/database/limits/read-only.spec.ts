/** A server that takes no writes, for this role at least. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { failureOf } from '../../helpers/promises';
import { STORES } from '../every-store';
import { allBytes, callsOn, makeRows } from './rows';
import { useScene } from './scene';

const scene = useScene();

let role: { url: string; name: string };
beforeAll(async () => {
  role = await scene.role();
  const { client } = scene.database;
  await client.query(`ALTER ROLE ${role.name} SET default_transaction_read_only = on`);
});
afterAll(() => scene.dropRole(role.name));

it.each(STORES)('gives the rows of %s, and refuses writes in words', async (store) => {
  const { user } = await makeRows(scene.keep(), scene.endpoint);
  const before = await allBytes(scene.database.client);
  const calls = callsOn(scene.keep({ databaseUrl: role.url }), user)[store];
  await expect(calls.read()).resolves.toBeTruthy();
  for (const call of [calls.store, calls.remove]) {
    const failure = await failureOf(call());
    expect(failure).toMatchObject({
      code: 'ERR_TOKENKEEP_DATABASE',
      sqlstate: '25006',
      retryable: true,
    });
    expect(failure.message).toContain('the server is read-only');
  }
  expect(await allBytes(scene.database.client)).toEqual(before);
});

it('a spent token is not refreshed: the provider is not asked', async () => {
  const { user } = await makeRows(scene.keep(), scene.endpoint);
  const before = await allBytes(scene.database.client);
  const { gmail, integration } = scene.keep({ databaseUrl: role.url, waitMs: 300 });
  const refreshing = [gmail.getValidGmailToken(user), integration.getValidToken(user, 'acme')];
  for (const failure of await Promise.all(refreshing.map(failureOf))) {
    expect(failure).toMatchObject({ retryable: true });
  }
  expect(scene.endpoint.requests).toEqual([]);
  expect(await allBytes(scene.database.client)).toEqual(before);
});

it('a refresh fails with what the server said, and nobody waits for somebody else’s', async () => {
  const { user } = await makeRows(scene.keep(), scene.endpoint);
  const { gmail } = scene.keep({ databaseUrl: role.url, waitMs: 2_000 });
  const failure = await failureOf(gmail.getValidGmailToken(user));
  expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_DATABASE', sqlstate: '25006' });
});

it('a usable token is returned all the same', async () => {
  const { user } = await makeRows(scene.keep(), scene.endpoint, 120);
  const { gmail } = scene.keep({ databaseUrl: role.url, waitMs: 300 });
  const stored = await gmail.getGmailTokenDecrypted(user);
  expect(await gmail.getValidGmailToken(user)).toMatchObject({
    accessToken: stored!.accessToken,
  });
});

it('is no server for who asks for one that takes writes', async () => {
  const { user } = await makeRows(scene.keep(), scene.endpoint);
  const url = `${role.url}?target_session_attrs=read-write`;
  const calls = callsOn(scene.keep({ databaseUrl: url }), user).gmail;
  for (const call of [calls.read, calls.store]) {
    expect(await failureOf(call())).toMatchObject({
      code: 'ERR_TOKENKEEP_DATABASE',
      retryable: true,
    });
  }
});
