/** The end of a grant: what the provider says, and what the user has marked. */

import { describe, expect, it } from 'vitest';
import { failureOf } from '../helpers/promises';
import { change } from './rows';
import { type Pair, useScene } from './scene';

const scene = useScene();

const get = ({ tenantId }: Pair) =>
  scene.keep().vault.getAccessToken(tenantId, 'google', undefined, 5, { refresh: true });

describe('invalid_grant', () => {
  const mark = { is_valid: 'false', last_error: 'tokenkeep:invalid_grant', refreshing_at: null };

  it('marks the refresh token; later calls ask nobody, and storing a new one revives', async () => {
    await scene.knownClient();
    const pair = await scene.pair();
    const access = await scene.row(pair.accessId);
    scene.endpoint.revoke(pair.refreshToken);
    expect(await failureOf(get(pair))).toMatchObject({
      name: 'TokenRevokedError',
      code: 'ERR_TOKENKEEP_REVOKED',
      retryable: false,
    });
    expect(await scene.row(pair.refreshId)).toMatchObject(mark);
    expect(await scene.row(pair.accessId)).toEqual(access);
    expect(await failureOf(get(pair))).toMatchObject({ name: 'TokenRevokedError' });
    expect(scene.endpoint.requests).toHaveLength(1);

    const { refreshToken } = scene.endpoint.issue();
    const { vault } = scene.keep();
    await vault.storeToken(pair.tenantId, 'google', 'refresh_token', { value: refreshToken });
    expect(await get(pair)).toMatchObject({ needsRefresh: false });
    expect(scene.endpoint.requests).toHaveLength(2);
  });

  it('of a refreshFn, whatever it says, is the same', async () => {
    const pair = await scene.pair();
    const refreshFn = async () => Promise.reject(new Error('invalid_grant: it is over'));
    const call = scene.keep().vault.getAccessToken(pair.tenantId, 'google', undefined, 5, {
      refresh: true,
      refreshFn,
    });
    expect(await failureOf(call)).toMatchObject({ name: 'TokenRevokedError' });
    expect(await scene.row(pair.refreshId)).toMatchObject(mark);
  });

  it('is not what the user has marked: that is null, and asks nobody', async () => {
    for (const lastError of ['401', 'tokenkeep: a note of the application', null]) {
      const pair = await scene.pair({ refresh: { isValid: 'false', lastError } });
      expect(await get(pair)).toBeNull();
    }
    const pair = await scene.pair();
    await scene.keep().vault.markTokenInvalid(pair.refreshId, 'disconnected');
    expect(await get(pair)).toBeNull();
    expect(scene.endpoint.requests).toHaveLength(0);
  });

  it('is revived by the hand-written code, too, which leaves our column alone', async () => {
    const pair = await scene.pair({ refresh: { isValid: 'false', lastError: mark.last_error } });
    await change(scene.database, pair.refreshId, `is_valid = 'true', last_error = NULL`);
    expect(await get(pair)).not.toBeNull();
  });
});
