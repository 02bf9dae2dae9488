/** In whose async context the application's callbacks run: never in that of whoever comes first. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Fetch } from '../../dist/index.js';
import { newGate, until } from '../helpers/promises';
import { useScene } from '../helpers/scene';

const scene = useScene();
const storage = new AsyncLocalStorage<string>();

it('onEvent runs in the one in which the instance was made, whoever calls', async () => {
  const seen = new Set<string | undefined>();
  const keep = storage.run('maker', () =>
    scene.keep({ onEvent: () => void seen.add(storage.getStore()) }),
  );
  for (const caller of ['one', 'two']) {
    const user = await scene.user();
    await storage.run(caller, () => keep.gmail.getValidGmailToken(user.id));
  }
  await keep.close();
  expect([...seen]).toEqual(['maker']);
});

it('onEvent of a tenant’s instance runs in that of the instance itself', async () => {
  const seen = new Set<string | undefined>();
  const keep = storage.run('maker', () =>
    scene.keep({ onEvent: () => void seen.add(storage.getStore()) }),
  );
  const user = await scene.user();
  await storage.run('caller', () => keep.forTenant('t').gmail.getValidGmailToken(user.id));
  await keep.close();
  expect([...seen]).toEqual(['maker']);
});

it('fetch runs in the one of the call that it is for', async () => {
  const seen: [url: string, store: string | undefined][] = [];
  const fetching: Fetch = async (url, init) => {
    await sleep(1);
    seen.push([
      String(new URLSearchParams(String(init.body)).get('refresh_token')),
      storage.getStore(),
    ]);
    return fetch(url, init);
  };
  const keep = storage.run('maker', () => scene.keep({ fetch: fetching }));
  const users = [await scene.user(), await scene.user()];
  const calls = users.map((user, index) =>
    storage.run(`caller-${index}`, () => keep.gmail.getValidGmailToken(user.id)),
  );
  await Promise.all(calls);
  const wanted = users.map(({ refreshToken }, index) => [refreshToken, `caller-${index}`]);
  expect(seen.toSorted()).toEqual(wanted.toSorted());
});

it('fetch of a refresh that many share runs in that of the one who started it', async () => {
  const seen: (string | undefined)[] = [];
  const gate = newGate();
  const fetching: Fetch = async (url, init) => {
    seen.push(storage.getStore());
    await gate.opened;
    return fetch(url, init);
  };
  const keep = scene.keep({ fetch: fetching });
  const user = await scene.user();
  const call = (caller: string) =>
    storage.run(caller, () => keep.gmail.getValidGmailToken(user.id));
  const first = call('first');
  await until(() => seen.length > 0);
  const second = call('second');
  await keep.gmail.getGmailTokenDecrypted(user.id);
  gate.open();
  await Promise.all([first, second]);
  expect(seen).toEqual(['first']);
});

it('fetch that is tried again after its caller has got an answer still runs in that one', async () => {
  const seen: (string | undefined)[] = [];
  const answered = newGate();
  const fetching: Fetch = async (url, init) => {
    seen.push(storage.getStore());
    if (seen.length > 1) return fetch(url, init);
    await answered.opened;
    throw Object.assign(new TypeError('fetch failed'), { code: 'ECONNREFUSED' });
  };
  const keep = scene.keep({ fetch: fetching, waitMs: 1 });
  const user = await scene.user({ left: 120 });
  await storage.run('caller', () => keep.gmail.getValidGmailToken(user.id));
  answered.open();
  await until(() => seen.length > 1);
  expect(await keep.close()).toBe(true);
  expect(seen).toEqual(['caller', 'caller']);
});

it('what listens to the signal of a refreshFn, or of fetch, runs in the caller’s, too', async () => {
  const seen: (string | undefined)[] = [];
  const listening = (signal: AbortSignal): Promise<never> => {
    signal.addEventListener('abort', () => seen.push(storage.getStore()));
    return new Promise(() => {});
  };
  const keep = scene.keep({
    limitsDivisor: 100,
    fetch: (_, init) => listening(init.signal as AbortSignal),
  });
  const call = async (caller: string, refreshFn?: typeof listening) => {
    const user = await scene.user();
    const given =
      refreshFn && ((_: string, { signal }: { signal: AbortSignal }) => refreshFn(signal));
    await storage.run(caller, () => keep.gmail.getValidGmailToken(user.id, given).catch(() => {}));
  };
  await call('of fetch');
  await call('of refreshFn', listening);
  await until(() => seen.length >= 2);
  expect(seen).toEqual(['of fetch', 'of refreshFn']);
});
