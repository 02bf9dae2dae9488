/** A primary that is killed under constant traffic, at the worst moment: nobody loses a token. */

import { expect, type RunnerTestCase } from 'vitest';
import { until } from '../../helpers/promises';
import { PROVIDER, type Scene } from './scene';
import { timelineOf } from './timeline';
import type { Call } from './traffic';

declare module 'vitest' {
  interface TaskMeta {
    timeline?: object;
  }
}

/** From when on a read that begins after the promotion must not fail any more. */
const RECOVERED_MS = 1_000;

/** By the clock of the processes. */
const now = () => performance.timeOrigin + performance.now();

/** Where the traffic goes, and what makes the standby take its place; it ends when that is done. */
export interface Loss {
  url: string;
  promote(): Promise<void>;
}

/** Kills it, and checks what comes of every call, and of every token. */
export async function losePrimary(
  scene: Scene,
  task: Readonly<RunnerTestCase>,
  { url, promote }: Loss,
): Promise<void> {
  const users = await scene.users(8);
  const ids = [...users.keys()];
  const plan = {
    options: scene.options(url, { limitsDivisor: 10 }),
    readers: ids.slice(0, 4),
    refreshers: ids,
  };
  const processes = [await scene.traffic(plan), await scene.traffic(plan)];
  await until(() => scene.endpoint.requests.length >= 30);

  // The worst moment: the provider has just answered, and the only copy is on its way.
  let [killed, gone] = [0, 0];
  let holding: string | undefined;
  scene.endpoint.script(async ({ form }) => {
    if (holding !== undefined) return undefined;
    holding = form['refresh_token']!;
    killed = now();
    await scene.pair.kill();
    gone = now();
    return undefined;
  });
  await Promise.all(processes.map((process) => process.failure()));
  await until(() => gone);
  await promote();
  const promoted = now();

  const look = scene.keep(scene.pair.url('standby', 'read-write'));
  const stored = async (user: string) =>
    (await look.integration.getToken(user, PROVIDER))!.refreshToken;
  const family = scene.endpoint.familyOf(holding!)!;
  const spent = family.exchanges.findIndex(({ token }) => token === holding);
  const successors = () => family.exchanges.slice(spent).map(({ issued }) => issued);
  const owner = ids.find((id) => scene.endpoint.familyOf(users.get(id)!) === family)!;
  await until(async () => successors().includes((await stored(owner))!));
  const unfinishedCommit = now();
  // Time for calls that begin when everything must be well again, and for every user's next refresh.
  await until(() => now() > promoted + RECOVERED_MS + 500);
  const exchangesOf = (user: string) => scene.endpoint.familyOf(users.get(user)!)!.exchanges;
  const isRefreshed = (user: string) =>
    exchangesOf(user).some(({ request }) => request.at > promoted);
  await until(() => ids.every(isRefreshed));
  const ends = await Promise.all(processes.map((process) => process.end()));
  const calls = ends.flatMap((end) => end.calls);
  task.meta.timeline = timelineOf({ killed, gone, promoted, unfinishedCommit, calls });

  expect(ends.map(({ ended }) => ended)).toEqual([true, true]);
  const failed = calls.filter(({ code }) => code);
  expect(failed.filter(({ retryable }) => !retryable)).toEqual([]);
  expect(failed.some(({ began }) => began < promoted)).toBe(true);
  const recovered = ({ kind, began }: Call) => kind === 'read' && began > promoted + RECOVERED_MS;
  expect(calls.filter(recovered).length).toBeGreaterThan(0);
  expect(failed.filter(recovered)).toEqual([]);
  for (const [user, refreshToken] of users) {
    const { alive, newest, reuses } = scene.endpoint.familyOf(refreshToken)!;
    expect({ user, alive, reuses }).toEqual({ user, alive: true, reuses: [] });
    expect(await stored(user)).toBe(newest);
  }
  for (const end of ends) expect(goneBack(scene, end.calls)).toEqual([]);
}

/** Reads that gave an older token than the reader before had. */
function goneBack(scene: Scene, calls: Call[]): Call[] {
  const newest = new Map<string, number>();
  return calls.filter(({ kind, user, refreshToken }) => {
    if (kind !== 'read' || !refreshToken) return false;
    const at = ageOf(scene, refreshToken);
    const before = newest.get(user) ?? -1;
    newest.set(user, Math.max(at, before));
    return at < before;
  });
}

/** How many exchanges had given it. */
function ageOf(scene: Scene, refreshToken: string): number {
  const { exchanges } = scene.endpoint.familyOf(refreshToken)!;
  return exchanges.findIndex(({ issued }) => issued === refreshToken);
}
