/** The refresh protocol on this store's own statements: leases, rows in doubt, and concurrent writes. */

import { describe, expect, it } from 'vitest';
import type { TokenKeepOptions } from '../../dist/index.js';
import { newGate } from '../helpers/promises';
import { SCALED } from '../helpers/scene';
import { type Client, CREDENTIALS, useScene } from './scene';
import { placeOf, seal } from '../helpers/tk1-format';

const scene = useScene();
const DEAD = { status: 400, body: { error: 'invalid_code' } };

const update = (client: Client, set: string, ...values: unknown[]) =>
  scene.database.client.query(`UPDATE oauth_tokens SET ${set} WHERE client_id = $1`, [
    client.id,
    ...values,
  ]);
const leasedAgo = (client: Client, seconds: number) =>
  update(client, `refreshing_at = clock_timestamp() - $2 * interval '1 second'`, seconds);

/** Has `step` carried out while Zoho is about to answer the first request. */
function duringTheRequest(step: () => Promise<unknown>, then = {}): void {
  let isFirst = true;
  scene.endpoint.script(async () => {
    if (!isFirst) return undefined;
    isFirst = false;
    await step();
    return then;
  });
}

describe('a lease', () => {
  it('of a process that was killed is taken over, with one more request', async () => {
    const client = await scene.client();
    scene.endpoint.script([{ hang: 'before' }]);
    const holder = await scene.process();
    void holder.call('getAccessToken', client.id, 'zoho_crm', CREDENTIALS);
    await scene.requests(1);
    await holder.stop();
    const keeps = [scene.keep(SCALED), scene.keep(SCALED)];
    const tokens = await Promise.all(keeps.map((keep) => scene.token(client, keep)));
    expect(scene.endpoint.requests).toHaveLength(2);
    expect(new Set(tokens)).toEqual(new Set([(await scene.tokens(client)).accessToken]));
    expect((await scene.row(client)).refreshing_at).toBeNull();
  });

  it('that somebody holds is respected: a usable token is given, else an error', async () => {
    const options: TokenKeepOptions = { waitMs: 200 };
    const [spent, usable] = [await scene.client(), await scene.client({ left: 120 })];
    for (const client of [spent, usable]) await leasedAgo(client, 0);
    await expect(scene.token(spent, options)).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_REFRESH_TIMEOUT',
    });
    expect(await scene.token(usable, options)).toBe(usable.accessToken);
    expect(scene.endpoint.requests).toHaveLength(0);
  });

  it('that was taken over gets its expired value back after a failure', async () => {
    const client = await scene.client();
    await leasedAgo(client, 40);
    const expired = (await scene.row(client)).refreshing_at;
    scene.endpoint.script([{ status: 429 }]);
    await expect(scene.token(client, SCALED)).rejects.toMatchObject({
      name: 'ProviderThrottledError',
    });
    expect((await scene.row(client)).refreshing_at).toEqual(expired);
  });
});

describe('in doubt', () => {
  it('a refused refresh token marks no row revoked: its successor may still be stored', async () => {
    const client = await scene.client();
    await leasedAgo(client, 40);
    scene.endpoint.script(() => DEAD);
    await expect(scene.token(client, SCALED)).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN',
      retryable: true,
    });
    expect(await scene.row(client)).toMatchObject({ invalid_since: null, invalid_reason: null });
  });

  it('that is old enough it does', async () => {
    await scene.knownClient();
    const client = await scene.client();
    await leasedAgo(client, 3_600);
    scene.endpoint.script(() => DEAD);
    await expect(scene.token(client, SCALED)).rejects.toMatchObject({ name: 'TokenRevokedError' });
    expect(await scene.row(client)).toMatchObject({
      invalid_since: expect.any(Date),
      refreshing_at: null,
    });
  });
});

describe('while Zoho is asked', () => {
  it('a user who disconnects gets nothing stored, and nobody a token', async () => {
    const client = await scene.client();
    duringTheRequest(() =>
      scene.database.client.query('DELETE FROM oauth_tokens WHERE client_id = $1', [client.id]),
    );
    await expect(scene.token(client)).rejects.toMatchObject({ name: 'NotConnectedError' });
    expect(await scene.row(client)).toBeUndefined();
  });

  it('a row that is sealed anew takes the answer all the same', async () => {
    const client = await scene.client();
    duringTheRequest(() =>
      update(
        client,
        'access_token = $2, refresh_token = $3',
        seal(client.accessToken, placeOf('access_token', client.id)),
        seal(client.refreshToken, placeOf('refresh_token', client.id)),
      ),
    );
    const token = await scene.token(client);
    const stored = await scene.tokens(client);
    expect(stored.accessToken).toBe(token);
    expect(scene.endpoint.isAlive(stored.refreshToken)).toBe(true);
    expect(await scene.row(client)).toMatchObject({ refreshing_at: null });
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('an old instance that stores another access token does not lose the new refresh token', async () => {
    const client = await scene.client();
    duringTheRequest(() =>
      update(
        client,
        `access_token = 'theirs', updated_at = clock_timestamp() AT TIME ZONE 'UTC',
         token_expiry = clock_timestamp() AT TIME ZONE 'UTC' + interval '2 hours'`,
      ),
    );
    await scene.token(client);
    const stored = await scene.tokens(client);
    expect(stored.accessToken).toBe('theirs');
    expect(scene.endpoint.isAlive(stored.refreshToken)).toBe(true);
    expect((await scene.row(client)).left).toBeGreaterThan(7_000);
  });

  it('a lease that is lost makes of a new refresh token one that the next call proves', async () => {
    const client = await scene.client();
    duringTheRequest(() => leasedAgo(client, 100));
    const token = await scene.token(client);
    expect((await scene.tokens(client)).accessToken).toBe(token);
    const { left, refreshing_at } = await scene.row(client);
    expect(left).toBeGreaterThan(200);
    expect(left).toBeLessThanOrEqual(300);
    expect(refreshing_at).toBeNull();
    expect(await scene.token(client)).not.toBe(token);
  });

  it('tokens that are stored during a refusal are refreshed at once: their family may be revoked', async () => {
    const client = await scene.client();
    const keep = scene.keep();
    const again = scene.endpoint.issue();
    duringTheRequest(
      () => keep.zoho.storeTokens(client.id, 'zoho_crm', { ...again, expiresIn: 3_600 }),
      DEAD,
    );
    const token = await scene.token(client, keep);
    expect(scene.endpoint.requests.map(({ refreshToken }) => refreshToken)).toEqual([
      client.refreshToken,
      again.refreshToken,
    ]);
    expect((await scene.tokens(client)).accessToken).toBe(token);
    expect((await scene.row(client)).left).toBeGreaterThan(3_500);
  });

  it('the table goes away, and the answer is given at once and stored when it is back', async () => {
    const client = await scene.client();
    const query = (sql: string) => scene.database.client.query(sql);
    duringTheRequest(() => query('ALTER TABLE oauth_tokens RENAME TO away'));
    const { open: retry, opened: retried } = newGate();
    const keep = scene.keep({ onEvent: ({ type }) => type === 'commit.retry' && retry() });
    const token = await scene.token(client, keep);
    await retried;
    await query('ALTER TABLE away RENAME TO oauth_tokens');
    expect(await keep.close()).toBe(true);
    expect((await scene.tokens(client)).accessToken).toBe(token);
    expect(scene.endpoint.requests).toHaveLength(1);
  });
});
