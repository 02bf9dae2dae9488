/** What fails in a run of `refreshExpiring` costs the others nothing, and is sent once. */

import pg from 'pg';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import type { Endpoint } from '../helpers/scene';
import { addDue, type DueUser, refreshedOf } from './due';
import { useScene } from './scene';

const scene = useScene();
const DUE = { expiresWithin: 900_000 };
const UNAVAILABLE = 'ERR_TOKENKEEP_PROVIDER_UNAVAILABLE';
const CLIENT = { clientId: 'client', clientSecret: 'secret' };

beforeEach(async () => {
  await scene.database.client.query('DELETE FROM integration_tokens');
});

/** Refuses these users' refresh tokens, and no other. */
function failFor(users: readonly DueUser[], step: object = { status: 503 }): void {
  const tokens = new Set(users.map(({ refreshToken }) => refreshToken));
  scene.endpoint.script((request) => (tokens.has(sent(request)) ? step : undefined));
}

const sent = ({ refreshToken }: { refreshToken: string | null }) => refreshToken ?? '';

const requests = () => scene.endpoint.requests.length;

/** The most requests that one refresh token was sent in. */
function mostOfOneToken(): number {
  const counts = new Map<string, number>();
  for (const request of scene.endpoint.requests) {
    counts.set(sent(request), (counts.get(sent(request)) ?? 0) + 1);
  }
  return Math.max(...counts.values());
}

/** Another endpoint, stopped after `use`. */
async function withEndpoint(use: (endpoint: Endpoint) => Promise<void>): Promise<void> {
  const endpoint = (await startTokenEndpoint()) as Endpoint;
  await use(endpoint).finally(() => endpoint.close());
}

describe('rows that fail', () => {
  it('do not keep those behind them from being refreshed, however many they are', async () => {
    const { integration } = scene.keep();
    failFor(await addDue(scene, 1_100, { left: 10 }));
    const healthy = await addDue(scene, 20);
    const result = await integration.refreshExpiring({ ...DUE, concurrency: 50 });
    expect(result).toEqual({
      refreshed: 20,
      failed: 1_100,
      revoked: 0,
      failures: [{ provider: 'acme', code: UNAVAILABLE, count: 1_100 }],
      skipped: [],
    });
    expect(await refreshedOf(scene, healthy)).toBe(20);
    expect(requests()).toBe(1_120);
  });

  it('do not keep those behind them from a run with a limit, run after run', async () => {
    const { integration } = scene.keep();
    const sick = await addDue(scene, 1_100, { left: 10 });
    failFor(sick);
    const healthy = await addDue(scene, 20);
    const run = () => integration.refreshExpiring({ ...DUE, limit: 280, concurrency: 50 });
    for (let runs = 0; runs < 4; runs++) await run();
    expect(requests()).toBe(1_120);
    expect(await refreshedOf(scene, healthy)).toBe(20);
    expect(mostOfOneToken()).toBe(1);
    // Those that failed longest ago come first.
    const first = new Set(scene.endpoint.requests.slice(0, 280).map(sent));
    const again = scene.endpoint.requests.length;
    await run();
    const then = scene.endpoint.requests.slice(again).map(sent);
    expect(then.filter((token) => first.has(token))).toHaveLength(280);
    const late = await addDue(scene, 5, { left: 800 });
    await integration.refreshExpiring({ ...DUE, limit: 5 });
    expect(await refreshedOf(scene, late)).toBe(5);
  });

  it('before anything can be sent wait their turn, too', async () => {
    const { integration } = scene.keep();
    const broken = await addDue(scene, 30, { left: 10 });
    await scene.database.client.query(
      `UPDATE integration_tokens SET access_token = 'tk1.1.x' WHERE user_id = ANY($1)`,
      [broken.map(({ userId }) => userId)],
    );
    const healthy = await addDue(scene, 10);
    for (let runs = 0; runs < 4; runs++) {
      await integration.refreshExpiring({ ...DUE, limit: 10, concurrency: 4 });
    }
    expect(await refreshedOf(scene, healthy)).toBe(10);
  });

  it('that cannot be read wait their turn, too', async () => {
    const { integration } = scene.keep();
    const broken = await addDue(scene, 10, { left: 10 });
    await scene.database.client.query(
      `UPDATE integration_tokens SET scopes = '{{a,b},{c,d}}' WHERE user_id = ANY($1)`,
      [broken.map(({ userId }) => userId)],
    );
    const healthy = await addDue(scene, 5);
    for (let runs = 0; runs < 3; runs++) {
      await integration.refreshExpiring({ ...DUE, limit: 5, concurrency: 4 });
    }
    expect(await refreshedOf(scene, healthy)).toBe(5);
  });

  it('at a provider that is down are sent once a run', async () => {
    const { integration } = scene.keep();
    await addDue(scene, 30);
    scene.endpoint.script(() => ({ status: 503 }));
    expect(await integration.refreshExpiring(DUE)).toMatchObject({ refreshed: 0, failed: 30 });
    expect(requests()).toBe(30);
    await integration.refreshExpiring(DUE);
    expect(requests()).toBe(60);
  });

  it('are not counted as refreshed, nor sent again, where the outcome is not known', async () => {
    const { integration } = scene.keep({ limitsDivisor: 20 });
    await addDue(scene, 3);
    scene.endpoint.script(() => ({ drop: 'after' }));
    expect(await integration.refreshExpiring(DUE)).toEqual({
      refreshed: 0,
      failed: 3,
      revoked: 0,
      failures: [{ provider: 'acme', code: 'ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN', count: 3 }],
      skipped: [],
    });
    expect(requests()).toBe(3);
  });

  it('that are in doubt fail where the provider refuses them, although their token is usable', async () => {
    const { integration } = scene.keep({ limitsDivisor: 20 });
    await addDue(scene, 3);
    await scene.database.client.query('UPDATE integration_tokens SET refreshing_at = now()');
    scene.endpoint.script(() => ({ status: 503 }));
    expect(await integration.refreshExpiring(DUE)).toMatchObject({ refreshed: 0, failed: 3 });
    expect(requests()).toBe(3);
  });

  it('with a refusal that lasts are not asked about until its time', async () => {
    const { integration } = scene.keep();
    await addDue(scene, 4);
    scene.endpoint.script(() => ({ error: 'invalid_request' }));
    expect(await integration.refreshExpiring(DUE)).toMatchObject({ failed: 4, skipped: [] });
    // Those of this run were tried; in the next ones they are due, and wait.
    expect(await integration.refreshExpiring(DUE)).toMatchObject({
      refreshed: 0,
      failed: 0,
      skipped: [{ provider: 'acme', count: 4 }],
    });
    expect(requests()).toBe(4);
    await scene.database.client.query('UPDATE tokenkeep.refresh_state SET retry_at = now()');
    scene.endpoint.script([]);
    expect(await integration.refreshExpiring(DUE)).toMatchObject({ refreshed: 4, failed: 0 });
  });

  it('are counted by provider and code, and so are rows of providers that are not described', async () => {
    const acme = { tokenUrl: scene.endpoint.url, ...CLIENT };
    const { integration } = scene.keep({ providers: { acme, beta: acme } });
    const dead = await addDue(scene, 1, { provider: 'beta#work' });
    failFor(dead, { error: 'invalid_grant' });
    await addDue(scene, 2, { provider: 'beta' });
    await addDue(scene, 3, { provider: 'other' });
    await addDue(scene, 1, { provider: 'another#work' });
    const sick = await addDue(scene, 2, { provider: 'acme#home' });
    const tokens = new Set(sick.map(({ refreshToken }) => refreshToken));
    scene.endpoint.script((request) => {
      if (tokens.has(sent(request))) return { status: 500 };
      return sent(request) === dead[0]!.refreshToken ? { error: 'invalid_grant' } : undefined;
    });
    // Only a client that is known to work is believed that a grant is dead.
    const known = await addDue(scene, 1, { provider: 'beta' });
    await integration.getValidToken(known[0]!.userId, 'beta', { forceRefresh: true });
    await scene.database.client.query(
      `UPDATE integration_tokens SET expires_at = now() + interval '10 minutes',
         last_refreshed_at = NULL WHERE user_id = $1`,
      [known[0]!.userId],
    );
    expect(await integration.refreshExpiring(DUE)).toEqual({
      refreshed: 3,
      failed: 2,
      revoked: 1,
      failures: [
        { provider: 'acme', code: UNAVAILABLE, count: 2 },
        { provider: 'beta', code: 'ERR_TOKENKEEP_REVOKED', count: 1 },
      ],
      skipped: [
        { provider: 'another', count: 1 },
        { provider: 'other', count: 3 },
      ],
    });
  });
});

it('a row counts as refreshed when it is stored, not when the answer has come', async () => {
  const { integration } = scene.keep({ limitsDivisor: 20 });
  const users = await addDue(scene, 1);
  const locking = new pg.Client(scene.database.url);
  await locking.connect();
  try {
    scene.endpoint.script(async () => {
      await locking.query('BEGIN');
      await locking.query('SELECT FROM integration_tokens FOR UPDATE');
      return undefined;
    });
    let ended = false;
    const run = integration.refreshExpiring(DUE).finally(() => (ended = true));
    // The third try: the second has been told of long ago.
    const retries = () => scene.events.filter(({ type }) => type === 'commit.retry').length;
    await vi.waitFor(() => expect(retries()).toBeGreaterThan(2), 20_000);
    expect(ended).toBe(false);
    await locking.query('COMMIT');
    expect(await run).toMatchObject({ refreshed: 1, failed: 0 });
    expect(await refreshedOf(scene, users)).toBe(1);
  } finally {
    await locking.end();
  }
});

describe('a provider that refuses the client', () => {
  it('is asked no more, and its other rows count as skipped', async () => {
    await withEndpoint(async (strict) => {
      strict.script(() => ({
        status: 401,
        error: 'invalid_client',
        body: { error: 'invalid_client' },
      }));
      const acme = { tokenUrl: scene.endpoint.url, ...CLIENT };
      const { integration } = scene.keep({
        providers: { strict: { tokenUrl: strict.url, ...CLIENT }, acme },
      });
      await addDue(scene, 30, { left: 10, provider: 'strict', endpoint: strict });
      const healthy = await addDue(scene, 10);
      const run = () => integration.refreshExpiring({ ...DUE, concurrency: 4 });
      const code = 'ERR_TOKENKEEP_CLIENT_REJECTED';
      expect(await run()).toEqual({
        refreshed: 10,
        failed: 1,
        revoked: 0,
        failures: [{ provider: 'strict', code, count: 1 }],
        skipped: [{ provider: 'strict', count: 29 }],
      });
      expect(await refreshedOf(scene, healthy)).toBe(10);
      expect(strict.requests).toHaveLength(1);
      // While the refusal is young nothing is sent, and another row waits its turn.
      expect(await run()).toMatchObject({ failed: 1, skipped: [{ count: 29 }] });
      expect(strict.requests).toHaveLength(1);
      const { rows } = await scene.database.client.query(
        'SELECT FROM integration_tokens WHERE failure_count = 1 AND last_error_code = $1',
        [code],
      );
      expect(rows).toHaveLength(2);
    });
  });
});

describe('a provider that does not answer', () => {
  it('keeps a quarter of the slots, and the others are refreshed meanwhile', async () => {
    await withEndpoint(async (slow) => {
      let answer = () => {};
      const answered = new Promise<undefined>((resolve) => (answer = () => resolve(undefined)));
      slow.script(() => answered);
      const acme = { tokenUrl: scene.endpoint.url, ...CLIENT };
      const { integration } = scene.keep({
        providers: { slow: { tokenUrl: slow.url, ...CLIENT }, acme },
      });
      const waiting = await addDue(scene, 40, { left: 10, provider: 'slow', endpoint: slow });
      const healthy = await addDue(scene, 40);
      const run = integration.refreshExpiring({ ...DUE, concurrency: 8 });
      await vi.waitFor(async () => expect(await refreshedOf(scene, healthy)).toBe(40), 8_000);
      expect(slow.requests).toHaveLength(2);
      const { rows } = await scene.database.client.query(
        'SELECT FROM integration_tokens WHERE refreshing_at IS NOT NULL',
      );
      expect(rows).toHaveLength(2);
      answer();
      expect(await run).toMatchObject({ refreshed: 80, failed: 0 });
      expect(await refreshedOf(scene, waiting)).toBe(40);
    });
  });

  it('for the whole HTTP budget costs each of its rows one request', async () => {
    await withEndpoint(async (slow) => {
      slow.script(() => ({ hang: 'before' }));
      const acme = { tokenUrl: scene.endpoint.url, ...CLIENT };
      const { integration } = scene.keep({
        limitsDivisor: 20,
        providers: { slow: { tokenUrl: slow.url, ...CLIENT }, acme },
      });
      await addDue(scene, 6, { left: 10, provider: 'slow', endpoint: slow });
      const healthy = await addDue(scene, 20);
      const order: string[] = [];
      scene.endpoint.script((request) => void order.push(sent(request)));
      expect(await integration.refreshExpiring({ ...DUE, concurrency: 4 })).toMatchObject({
        refreshed: 20,
        failed: 6,
      });
      expect(order).toHaveLength(20);
      expect(slow.requests).toHaveLength(6);
      expect(await refreshedOf(scene, healthy)).toBe(20);
    });
  });
});

describe('several workers', () => {
  it('send a row that fails once each at most, and count what is refreshed', async () => {
    const sick = await addDue(scene, 30, { left: 10 });
    failFor(sick);
    const healthy = await addDue(scene, 30);
    const workers = [scene.keep(), scene.keep()];
    const results = await Promise.all(
      workers.map(({ integration }) => integration.refreshExpiring({ ...DUE, concurrency: 4 })),
    );
    expect(await refreshedOf(scene, healthy)).toBe(30);
    const [refreshed, failed] = (['refreshed', 'failed'] as const).map((name) =>
      results.reduce((sum, result) => sum + result[name], 0),
    );
    expect(refreshed).toBeGreaterThanOrEqual(30);
    expect(failed).toBeGreaterThanOrEqual(30);
    expect(requests()).toBeLessThanOrEqual(90);
    expect(mostOfOneToken()).toBeLessThanOrEqual(2);
  });

  it('do not count what was refreshed before they came to it', async () => {
    const keep = scene.keep();
    const users = await addDue(scene, 2);
    scene.endpoint.script([{ delayMs: 200, times: 2 }]);
    const [first, second] = await Promise.all([
      keep.integration.refreshExpiring({ ...DUE, concurrency: 1 }),
      scene.keep().integration.refreshExpiring({ ...DUE, concurrency: 1 }),
    ]);
    expect(first.refreshed).toBeLessThanOrEqual(2);
    expect(second.refreshed).toBeLessThanOrEqual(2);
    expect(first.refreshed + second.refreshed).toBeGreaterThanOrEqual(2);
    expect(await refreshedOf(scene, users)).toBe(2);
    expect(requests()).toBe(2);
  });
});

describe('without the tables of what refreshes leave behind', () => {
  it('runs all the same, and rows that failed wait their turn', async () => {
    const { integration } = scene.keep();
    const { client } = scene.database;
    const sick = await addDue(scene, 60, { left: 10 });
    failFor(sick);
    const healthy = await addDue(scene, 10);
    await client.query('ALTER TABLE tokenkeep.refresh_state RENAME TO hidden');
    try {
      const run = () => integration.refreshExpiring({ ...DUE, limit: 35 });
      expect(await run()).toMatchObject({ failed: 35 });
      expect(await run()).toMatchObject({ refreshed: 10, failed: 25 });
      expect(await refreshedOf(scene, healthy)).toBe(10);
      expect(mostOfOneToken()).toBe(1);
      expect(await integration.refreshExpiring(DUE)).toMatchObject({ failed: 60 });
      expect(requests()).toBe(130);
      expect(mostOfOneToken()).toBe(2);
    } finally {
      await client.query('ALTER TABLE tokenkeep.hidden RENAME TO refresh_state');
    }
  });
});
