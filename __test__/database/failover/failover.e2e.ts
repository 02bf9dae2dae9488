/** The primary is gone, and the standby takes its place. */

import { describe, expect, it } from 'vitest';
import { until } from '../../helpers/promises';
import { losePrimary } from './lost-primary';
import { PROVIDER, usePair } from './scene';

const scene = usePair();

describe('a primary that is killed under constant traffic', () => {
  it.for([
    ['primary', 'read-write'],
    ['standby', 'primary'],
  ] as const)(
    'costs nobody a token, with the %s first in the URL and target_session_attrs=%s',
    async ([first, attributes], { task }) => {
      const url = scene.pair.url(first, attributes);
      await losePrimary(scene, task, { url, promote: () => scene.pair.promote() });
    },
  );
});

describe('a standby that is behind', () => {
  it('is not read where a primary is asked for, wherever it stands in the URL', async () => {
    const { pair } = scene;
    const [[user]] = [...(await scene.users(1))] as [[string, string]];
    await until(async () => (await staleToken(user)) !== undefined);
    await pair.query(pair.standby, 'SELECT pg_wal_replay_pause()');
    const paused = 'SELECT pg_is_wal_replay_paused() AS paused';
    expect(await pair.query(pair.standby, paused)).toEqual([{ paused: true }]);
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
