import pg from 'pg';
import { describe, expect, it, vi } from 'vitest';
import type { TokenKeep } from '../../dist/index.js';
import { failureOf } from '../helpers/promises';
import { addDue } from './due';
import { inSeconds, someUser, useScene } from './scene';

const scene = useScene();

const DUE = { expiresWithin: 900_000 };
const NOTHING = { refreshed: 0, failed: 0, revoked: 0, failures: [], skipped: [] };

/** So many connected users, each with so many seconds left, and no other. */
async function users(count: number, left = 600) {
  await scene.database.client.query('DELETE FROM integration_tokens');
  return (await addDue(scene, count, { left })).map(({ userId }) => userId);
}

const requests = () => scene.endpoint.requests.length;

/** How many rows are as a finished run leaves them. */
async function settled(): Promise<number> {
  const { rows } = await scene.database.client.query(
    `SELECT count(*)::int AS n FROM integration_tokens
     WHERE expires_at > now() + interval '50 minutes' AND refreshing_at IS NULL`,
  );
  return rows[0].n;
}

describe('refreshExpiring', () => {
  it('refreshes what runs out soon, each row once, and nothing else', async () => {
    const { integration } = scene.keep();
    await users(40);
    const later = someUser();
    const issued = scene.endpoint.issue();
    await integration.storeToken(later, 'acme', { ...issued, expiresAt: inSeconds(1_000) });
    await integration.storeToken(later, 'bare', { accessToken: 'at', expiresAt: inSeconds(1) });
    const result = await integration.refreshExpiring({ ...DUE, concurrency: 6 });
    expect(result).toEqual({ ...NOTHING, refreshed: 40 });
    expect(requests()).toBe(40);
    expect(await settled()).toBe(40);
    expect(await integration.refreshExpiring(DUE)).toEqual(NOTHING);
    expect((await integration.getToken(later, 'acme'))?.accessToken).toBe(issued.accessToken);
  });

  it('never has more under way than it may, and no fewer while there is work', async () => {
    const { integration } = scene.keep();
    await users(30);
    let [now, most] = [0, 0];
    scene.endpoint.script(async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 30));
      now--;
      return undefined;
    });
    await integration.refreshExpiring({ ...DUE, concurrency: 5 });
    expect(most).toBe(5);
  });

  it('sends the next request while what the last one brought is being stored', async () => {
    const { integration } = scene.keep();
    await users(2);
    const locking = new pg.Client(scene.database.url);
    await locking.connect();
    try {
      scene.endpoint.script(async () => {
        if (requests() > 1) return;
        // The first row cannot be stored until this ends.
        await locking.query('BEGIN');
        await locking.query(
          'SELECT FROM integration_tokens WHERE refreshing_at IS NOT NULL FOR UPDATE',
        );
      });
      const run = integration.refreshExpiring({ ...DUE, concurrency: 1 });
      await vi.waitFor(() => expect(requests()).toBe(2));
      expect(await settled()).toBeLessThan(2);
      await locking.query('COMMIT');
      expect(await run).toEqual({ ...NOTHING, refreshed: 2 });
    } finally {
      await locking.end();
    }
  });

  it('leases no row long before its turn', async () => {
    const { integration } = scene.keep();
    await users(2);
    const run = integration.refreshExpiring({ ...DUE, maxPerSecond: 0.25 });
    await vi.waitFor(async () => expect(await settled()).toBe(1));
    for (let look = 0; look < 15; look++) {
      const { rows } = await scene.database.client.query(
        `SELECT FROM integration_tokens WHERE refreshing_at < now() - interval '2 seconds'`,
      );
      expect(rows).toHaveLength(0);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(await run).toEqual({ ...NOTHING, refreshed: 2 });
  });

  it('stops at its limit', async () => {
    const { integration } = scene.keep();
    await users(20);
    const result = await integration.refreshExpiring({ ...DUE, limit: 7, concurrency: 4 });
    expect(result.refreshed).toBe(7);
    expect(requests()).toBe(7);
  });

  it('sends a provider no more in a second than it may', async () => {
    const { integration } = scene.keep();
    await users(12);
    await integration.refreshExpiring({ ...DUE, maxPerSecond: 20, concurrency: 12 });
    const times = scene.endpoint.requests.map(({ at }) => at).sort((a, b) => a - b);
    expect(times.at(-1)! - times[0]!).toBeGreaterThanOrEqual(11 * 50 - 30);
  });

  it('several workers share the rows', async () => {
    const ids = await users(60);
    const workers = [scene.keep(), scene.keep(), scene.keep()];
    const run = ({ integration }: TokenKeep) =>
      integration.refreshExpiring({ ...DUE, concurrency: 4 });
    const results = await Promise.all(workers.map(run));
    expect(requests()).toBe(60);
    expect(await settled()).toBe(ids.length);
    for (const { failed, revoked } of results)
      expect({ failed, revoked }).toEqual({ failed: 0, revoked: 0 });
  });

  it('counts what fails, once, and leaves no lease behind', async () => {
    await scene.knownClient();
    const { integration } = scene.keep({ limitsDivisor: 20 });
    const ids = await users(6);
    const { rows } = await scene.database.client.query('SELECT * FROM integration_tokens');
    expect(rows).toHaveLength(6);
    let number = 0;
    scene.endpoint.script(() =>
      [
        // Only a client that has refreshed a row is believed that a grant is dead.
        undefined,
        { status: 400, body: { error: 'invalid_grant' } },
        { status: 400, body: { error: 'invalid_request' } },
      ].at(number++ % 3),
    );
    expect(await integration.refreshExpiring({ ...DUE, concurrency: 1 })).toEqual({
      refreshed: 2,
      failed: 2,
      revoked: 2,
      failures: [
        { provider: 'acme', code: 'ERR_TOKENKEEP_PROVIDER_REFUSED', count: 2 },
        { provider: 'acme', code: 'ERR_TOKENKEEP_REVOKED', count: 2 },
      ],
      skipped: [],
    });
    expect(requests()).toBe(ids.length);
    const { rows: leased } = await scene.database.client.query(
      'SELECT user_id FROM integration_tokens WHERE refreshing_at IS NOT NULL',
    );
    expect(leased).toEqual([]);
  });

  it('callers who want such a token meanwhile wait for it, and ask for nothing', async () => {
    const keep = scene.keep();
    const [userId] = await users(1, 10);
    scene.endpoint.script([{ delayMs: 300 }]);
    const run = keep.integration.refreshExpiring(DUE);
    await vi.waitFor(() => expect(requests()).toBe(1));
    const token = await keep.integration.getValidToken(userId!, 'acme');
    expect(await run).toMatchObject({ refreshed: 1 });
    expect(Number(token.expiresAt)).toBeGreaterThan(Date.now() + 3_000_000);
    expect(requests()).toBe(1);
  });

  it('takes over what a worker died over, once its lease is over', async () => {
    const { integration } = scene.keep({ limitsDivisor: 20 });
    await users(5);
    await scene.database.client.query('UPDATE integration_tokens SET refreshing_at = now()');
    // On a busy machine a watch may begin anew, and a row be left to a later run.
    let refreshed = 0;
    for (let run = 0; run < 10 && refreshed < 5; run++) {
      refreshed += (await integration.refreshExpiring(DUE)).refreshed;
    }
    expect(refreshed).toBe(5);
    expect(requests()).toBe(5);
    expect(await settled()).toBe(5);
  });

  it('a token that lives no longer than what it looks for is refreshed once a run', async () => {
    const { integration } = scene.keep();
    await users(3);
    scene.endpoint.script([{ times: 9, body: (usual: object) => ({ ...usual, expires_in: 120 }) }]);
    expect(await integration.refreshExpiring(DUE)).toMatchObject({ refreshed: 3 });
    expect(requests()).toBe(3);
  });

  it('a run goes on past a thousand tokens that live no longer than what it looks for', async () => {
    const { integration } = scene.keep();
    await users(1_100);
    const result = await integration.refreshExpiring({ expiresWithin: 7_200_000, concurrency: 50 });
    expect(result).toEqual({ ...NOTHING, refreshed: 1_100 });
    expect(requests()).toBe(1_100);
  });

  it('refuses what makes no sense, and to begin without a key or a provider', async () => {
    const { refreshExpiring } = scene.keep().integration;
    const wrong: [string, object][] = [
      ['expiresWithin', {}],
      ['within', { within: 900_000 }],
      ['expiresWithin', { expiresWithin: 0 }],
      ['expiresWithin', { expiresWithin: '900' }],
      ['concurrency', { ...DUE, concurrency: 0 }],
      ['concurrency', { ...DUE, concurrency: 1_001 }],
      ['limit', { ...DUE, limit: 1.5 }],
      ['maxPerSecond', { ...DUE, maxPerSecond: -1 }],
    ];
    for (const [argument, options] of wrong) {
      const failure = await failureOf(refreshExpiring(options as never));
      expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_INVALID_ARGUMENT', argument });
    }
    await users(1);
    for (const options of [{ tokenkeepKey: '' }, { providers: {} }]) {
      const failure = await failureOf(scene.keep(options).integration.refreshExpiring(DUE));
      expect(failure.code).toBe('ERR_TOKENKEEP_CONFIGURATION');
    }
    expect(requests()).toBe(0);
  });
});
