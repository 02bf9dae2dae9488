/** The primary is gone, and the standby takes its place. */

import { describe, expect, it } from 'vitest';
import { until } from '../../helpers/promises';
import { PROVIDER, usePair } from './scene';
import { timelineOf } from './timeline';
import type { Call } from './traffic';

declare module 'vitest' {
  interface TaskMeta {
    timeline?: object;
  }
}

/** From when on a read that begins after the promotion must not fail any more. */
const RECOVERED_MS = 1_000;

const scene = usePair();

/** By the clock of the processes. */
const now = () => performance.timeOrigin + performance.now();

describe('a primary that is killed under constant traffic', () => {
  it.for([
    ['primary', 'read-write'],
    ['standby', 'primary'],
  ] as const)(
    'costs nobody a token, with the %s first in the URL and target_session_attrs=%s',
    async ([first, attributes], { task }) => {
      const url = scene.pair.url(first, attributes);
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
      await scene.pair.promote();
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
      // Time for calls that begin when everything must be well again.
      await until(() => now() > promoted + RECOVERED_MS + 500);
      const ends = await Promise.all(processes.map((process) => process.end()));
      const calls = ends.flatMap((end) => end.calls);
      task.meta.timeline = timelineOf({ killed, gone, promoted, unfinishedCommit, calls });

      expect(ends.map(({ ended }) => ended)).toEqual([true, true]);
      const failed = calls.filter(({ code }) => code);
      expect(failed.filter(({ retryable }) => !retryable)).toEqual([]);
      expect(failed.some(({ began }) => began < promoted)).toBe(true);
      const recovered = ({ kind, began }: Call) =>
        kind === 'read' && began > promoted + RECOVERED_MS;
      expect(calls.filter(recovered).length).toBeGreaterThan(0);
      expect(failed.filter(recovered)).toEqual([]);
      for (const [user, refreshToken] of users) {
        const { alive, newest, reuses, exchanges } = scene.endpoint.familyOf(refreshToken)!;
        expect({ user, alive, reuses }).toEqual({ user, alive: true, reuses: [] });
        expect(await stored(user)).toBe(newest);
        expect(exchanges.some(({ request }) => request.at > promoted)).toBe(true);
      }
      for (const end of ends) expect(goneBack(end.calls)).toEqual([]);
    },
  );
});

/** Reads that gave an older token than the reader before had. */
function goneBack(calls: Call[]): Call[] {
  const newest = new Map<string, number>();
  return calls.filter(({ kind, user, refreshToken }) => {
    if (kind !== 'read' || !refreshToken) return false;
    const at = ageOf(refreshToken);
    const before = newest.get(user) ?? -1;
    newest.set(user, Math.max(at, before));
    return at < before;
  });
}

/** How many exchanges had given it. */
function ageOf(refreshToken: string): number {
  const { exchanges } = scene.endpoint.familyOf(refreshToken)!;
  return exchanges.findIndex(({ issued }) => issued === refreshToken);
}

describe('a standby that is behind', () => {
  it('is not read where a primary is asked for, wherever it stands in the URL', async () => {
    const { pair } = scene;
    const [[user]] = [...(await scene.users(1))] as [[string, string]];
    await until(async () => (await staleToken(user)) !== undefined);
    await pair.ask(pair.standby, 'SELECT pg_wal_replay_pause()');
    const paused = 'SELECT pg_is_wal_replay_paused() AS paused';
    expect(await pair.ask(pair.standby, paused)).toEqual([{ paused: true }]);
    const before = await staleToken(user);
    const writing = scene.keep(pair.url('primary', 'read-write'));
    await writing.integration.getValidToken(user, PROVIDER, { forceRefresh: true });
    const { newest } = scene.endpoint.familyOf(before!)!;
    expect(await staleToken(user)).toBe(before);

    for (const url of [
      pair.url('standby', 'read-write'),
      pair.url('standby', 'primary'),
      pair.url('primary', 'read-write'),
      // With several hosts that is what is asked for unless something else is said.
      pair.url('standby'),
    ]) {
      const { integration } = scene.keep(url, { maxConnections: 5 });
      const reads = Array.from({ length: 50 }, () => integration.getToken(user, PROVIDER));
      const seen = (await Promise.all(reads)).map((token) => token!.refreshToken);
      expect(new Set(seen)).toEqual(new Set([newest]));
    }
  });

  /** What a reader sees who takes any server. */
  async function staleToken(user: string): Promise<string | null | undefined> {
    const anywhere = scene.keep(scene.pair.url('standby', 'any'));
    return (await anywhere.integration.getToken(user, PROVIDER))?.refreshToken;
  }
});
