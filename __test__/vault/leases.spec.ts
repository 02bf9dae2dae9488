/** The lease on the refresh token's row: lost, left behind, taken over, given back. */

import { describe, expect, it } from 'vitest';
import { failureOf } from '../helpers/promises';
import { SCALED } from '../helpers/scene';
import { change } from './rows';
import { type Pair, useScene } from './scene';

const scene = useScene();

const call = ({ tenantId }: Pair, options = {}) =>
  scene.keep(options).vault.getAccessToken(tenantId, 'google', undefined, 5, { refresh: true });

const LOST = `refreshing_at = clock_timestamp() - interval '1 millisecond'`;
const LEFT = `refreshing_at = clock_timestamp() - interval '1 hour'`;

/** The seconds that the access token of a pair has left in the table, by the database's clock. */
async function secondsLeft({ accessId }: Pair): Promise<number> {
  const { rows } = await scene.database.client.query(
    `SELECT extract(epoch FROM expires_at - clock_timestamp())::float8 AS left
     FROM token_vault WHERE id = $1`,
    [accessId],
  );
  return rows[0].left;
}

describe('a lease that is lost while the provider is asked', () => {
  it.each([
    [true, 300],
    [false, 3_600],
  ])('leaves a token for proof if the refresh token has rotated: %s', async (rotate, longest) => {
    const pair = await scene.pair();
    scene.endpoint.script(async () => {
      await change(scene.database, pair.refreshId, LOST);
      return { rotate };
    });
    const answer = (await call(pair))!;
    expect(await scene.values(pair)).toMatchObject({ accessToken: answer.token.value });
    const left = await secondsLeft(pair);
    expect(left).toBeGreaterThan(longest - 60);
    expect(left).toBeLessThanOrEqual(longest);
    expect((await scene.row(pair.accessId))!.expires_at).toEqual(answer.token.expiresAt);
    expect((await scene.row(pair.refreshId))!.refreshing_at).toBeNull();
  });

  it('marks no row revoked: another process may be about to store the successor', async () => {
    await scene.knownClient();
    const pair = await scene.pair();
    scene.endpoint.script(async () => {
      await change(scene.database, pair.refreshId, LOST);
      return { status: 400, body: { error: 'invalid_grant' } };
    });
    const error = await failureOf(call(pair, SCALED));
    expect(error).toMatchObject({ name: 'RefreshOutcomeUnknownError', retryable: true });
    expect(await scene.row(pair.refreshId)).toMatchObject({ is_valid: 'true', last_error: null });
  });
});

describe('invalid_grant, and another pair is there by then', () => {
  it('marks nothing: the other token is checked by a refresh', async () => {
    const pair = await scene.pair();
    const again = scene.endpoint.issue();
    const { vault } = scene.keep();
    scene.endpoint.script(async (_, index) => {
      if (index > 0) return undefined;
      const store = (type: string, data: { value: string; expiresAt?: Date }) =>
        vault.storeToken(pair.tenantId, 'google', type, data);
      await store('refresh_token', { value: again.refreshToken });
      const expiresAt = new Date(Date.now() + 3_600_000);
      await store('access_token', { value: again.accessToken, expiresAt });
      return { status: 400, body: { error: 'invalid_grant' } };
    });
    const answer = (await call(pair))!;
    expect(scene.endpoint.requests.map(({ refreshToken }) => refreshToken)).toEqual([
      pair.refreshToken,
      again.refreshToken,
    ]);
    const values = await scene.values(pair);
    expect(values.accessToken).toBe(answer.token.value);
    expect(scene.endpoint.isAlive(values.refreshToken)).toBe(true);
    expect(await scene.row(pair.refreshId)).toMatchObject({ is_valid: 'true' });
  });
});

describe('a lease that somebody has left behind', () => {
  it('is watched, and then taken over', async () => {
    const pair = await scene.pair();
    await change(scene.database, pair.refreshId, LEFT);
    expect(await call(pair, SCALED)).toMatchObject({ needsRefresh: false });
    expect((await scene.row(pair.refreshId))!.refreshing_at).toBeNull();
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('is put back when the refresh fails: what was unknown stays so', async () => {
    const pair = await scene.pair();
    await change(scene.database, pair.refreshId, LEFT);
    const { refreshing_at } = (await scene.row(pair.refreshId))!;
    scene.endpoint.script(() => ({ status: 400, body: { error: 'invalid_scope' } }));
    expect(await failureOf(call(pair, SCALED))).toMatchObject({ name: 'ProviderRefusedError' });
    expect((await scene.row(pair.refreshId))!.refreshing_at).toEqual(refreshing_at);
  });

  it('is waited for in vain by who has no time, while it is live', async () => {
    const pair = await scene.pair();
    await change(scene.database, pair.refreshId, 'refreshing_at = clock_timestamp()');
    expect(await failureOf(call(pair, { waitMs: 200 }))).toMatchObject({
      name: 'RefreshTimeoutError',
      retryable: true,
    });
    expect(scene.endpoint.requests).toHaveLength(0);
  });

  it('is freed by whoever stores a refresh token, and by nobody who stores another', async () => {
    const pair = await scene.pair();
    await change(scene.database, pair.refreshId, LEFT);
    const { vault } = scene.keep();
    const store = (type: string) =>
      vault.storeToken(pair.tenantId, 'google', type, { value: 'new' });
    await store('access_token');
    expect((await scene.row(pair.refreshId))!.refreshing_at).not.toBeNull();
    await store('refresh_token');
    expect((await scene.row(pair.refreshId))!.refreshing_at).toBeNull();
  });
});
