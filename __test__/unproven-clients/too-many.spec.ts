/** `invalid_grant` of the right client, in numbers that no users' clicks explain. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { RefreshFn } from '../../dist/index.js';
import { Caller, endCallersAfterEach } from '../helpers/processes';
import { failureOf } from '../helpers/promises';
import { INVALID_GRANT, STORES, useScene } from './scene';

const scene = useScene();
endCallersAfterEach();
const ENDINGS_MAX = 5;

it.each(STORES)(
  'marks so many rows of the %s store revoked, and no more until one is refreshed',
  async (store) => {
    const application = scene.application();
    const users = await scene.users(store, 12, application);
    scene.endpoint.script(() => INVALID_GRANT);
    const codes: string[] = [];
    for (const user of users) codes.push((await failureOf(application.valid(user))).code);
    const ended = (code: string) => code === 'ERR_TOKENKEEP_REVOKED';
    expect(codes.slice(0, ENDINGS_MAX).every(ended)).toBe(true);
    expect(new Set(codes.slice(ENDINGS_MAX))).toEqual(new Set(['ERR_TOKENKEEP_CLIENT_UNPROVEN']));
    expect(await scene.connected(users)).toHaveLength(12 - ENDINGS_MAX);
    expect(application.events.filter(({ type }) => type === 'client.unproven')).toHaveLength(7);

    scene.endpoint.script([]);
    await scene.users(store, 1, application);
    const [dead] = await scene.oldUsers(store, 1);
    scene.endpoint.script(() => INVALID_GRANT);
    expect(await failureOf(application.valid(dead!))).toMatchObject({
      code: 'ERR_TOKENKEEP_REVOKED',
    });
  },
);

it('are counted once for all processes', async () => {
  const application = scene.application();
  const users = await scene.users('gmail', 12, application);
  await application.keep.close();
  scene.endpoint.script(() => INVALID_GRANT);
  const processes = [await Caller.start(scene.options()), await Caller.start(scene.options())];
  const answers = await Promise.all(users.map(({ id }, index) => processes[index % 2]!.call(id)));
  const told = answers.flat().map((answer) => answer.split(':')[1]!.trim());
  expect(told.filter((name) => name === 'GmailTokenRevokedError')).toHaveLength(ENDINGS_MAX);
  expect(told.filter((name) => name === 'ClientUnprovenError')).toHaveLength(12 - ENDINGS_MAX);
  expect(await scene.connected(users)).toHaveLength(12 - ENDINGS_MAX);
});

it('are no such number where rows are refreshed in between', async () => {
  const application = scene.application();
  const dead = new Set<string>();
  scene.endpoint.script(({ refreshToken }) =>
    dead.has(refreshToken ?? '') ? INVALID_GRANT : undefined,
  );
  for (let round = 0; round < 8; round++) {
    const [alive, revoked] = await scene.users('gmail', 2, application);
    dead.add((await tokensOf(revoked!.id)).refreshToken!);
    expect(await failureOf(application.valid(revoked!))).toMatchObject({
      code: 'ERR_TOKENKEEP_REVOKED',
    });
    await application.valid(alive!);
  }
});

describe('rows that a refreshFn refreshes', () => {
  const dead: RefreshFn = async () => {
    throw new Error('invalid_grant');
  };
  const alive: RefreshFn = async () => ({
    accessToken: randomUUID(),
    expiryDate: Date.now() + 3_600_000,
  });

  it('are no such number where others are refreshed in between', async () => {
    const { keep } = scene.application();
    for (let round = 0; round < 8; round++) {
      const [revoked, other] = await scene.oldUsers('gmail', 2);
      expect(await failureOf(keep.gmail.getValidGmailToken(revoked!.id, dead))).toMatchObject({
        code: 'ERR_TOKENKEEP_REVOKED',
      });
      await keep.gmail.getValidGmailToken(other!.id, alive);
    }
  });

  it('and were not believed to be dead are refreshed by the client at once', async () => {
    const application = scene.application();
    const users = await scene.users('gmail', 12, application);
    const codes: string[] = [];
    for (const { id } of users) {
      codes.push((await failureOf(application.keep.gmail.getValidGmailToken(id, dead))).code);
    }
    expect(codes.at(-1)).toBe('ERR_TOKENKEEP_CLIENT_UNPROVEN');
    await application.keep.close();
    expect(await scene.application().valid(users.at(-1)!)).toMatch(/./);
  });
});

it('are counted beside any number of rows that are stored', async () => {
  const application = scene.application();
  const [dead] = await scene.users('integration', 1, application);
  scene.endpoint.script(() => INVALID_GRANT);
  let goesOn = true;
  const expiresAt = new Date(Date.now() + 3_600_000);
  const tokens = { accessToken: 'at', refreshToken: 'rt', expiresAt, scopes: [] };
  const others = Array.from({ length: 40 }, async () => {
    const { integration } = application.keep;
    while (goesOn) await integration.storeToken(randomUUID(), 'google', tokens);
  });
  const began = performance.now();
  const { code } = await failureOf(application.valid(dead!));
  const tookMs = performance.now() - began;
  goesOn = false;
  await Promise.all(others);
  expect(code).toBe('ERR_TOKENKEEP_REVOKED');
  expect(tookMs).toBeLessThan(2_000);
});

async function tokensOf(userId: string) {
  const { keep } = scene.application(`client of ${randomUUID()}`);
  return (await keep.gmail.getGmailTokenDecrypted(userId))!;
}
