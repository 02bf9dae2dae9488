/** What else may happen to the two rows while a refresh of them is under way. */

import { describe, expect, it } from 'vitest';
import { failureOf } from '../helpers/promises';
import { change, rowsOf } from './rows';
import { type Pair, useScene } from './scene';

const scene = useScene();

const HOUR_MS = 3_600_000;
const inAnHour = () => new Date(Date.now() + HOUR_MS);

/** Somebody asks; `step` is carried out while the provider is about to answer the first request. */
function refreshing({ tenantId }: Pair, step: () => Promise<unknown>) {
  scene.endpoint.script(async (_, index) => void (index === 0 && (await step())));
  return scene.keep().vault.getAccessToken(tenantId, 'google', undefined, 5, { refresh: true });
}

describe('during a refresh', () => {
  it('a new pair wins, and the caller gets it', async () => {
    const pair = await scene.pair();
    const again = scene.endpoint.issue();
    const { vault } = scene.keep();
    const answer = await refreshing(pair, async () => {
      const access = { value: again.accessToken, expiresAt: inAnHour() };
      await vault.storeToken(pair.tenantId, 'google', 'refresh_token', {
        value: again.refreshToken,
      });
      await vault.storeToken(pair.tenantId, 'google', 'access_token', access);
    });
    expect(answer!.token.value).toBe(again.accessToken);
    expect(await scene.values(pair)).toEqual(again);
    expect((await scene.row(pair.refreshId))!.refreshing_at).toBeNull();
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('a new refresh token alone wins: it is the one that is refreshed then', async () => {
    const pair = await scene.pair();
    const again = scene.endpoint.issue();
    const { vault } = scene.keep();
    const answer = await refreshing(pair, () =>
      vault.storeToken(pair.tenantId, 'google', 'refresh_token', { value: again.refreshToken }),
    );
    const values = await scene.values(pair);
    expect(answer!.token.value).toBe(values.accessToken);
    expect(scene.endpoint.familyOf(values.refreshToken)).toBe(
      scene.endpoint.familyOf(again.refreshToken),
    );
    expect(scene.endpoint.isAlive(values.refreshToken)).toBe(true);
  });

  it.each([
    ['runs longer', new Date(Date.now() + 3 * HOUR_MS)],
    ['is for ever', null],
  ])('a new access token that %s stays, and the rotated refresh token is stored', async (_, at) => {
    const pair = await scene.pair();
    const { vault } = scene.keep();
    const data = { value: 'newer', expiresAt: at };
    await refreshing(pair, () => vault.storeToken(pair.tenantId, 'google', 'access_token', data));
    const values = await scene.values(pair);
    expect(values.accessToken).toBe('newer');
    expect((await scene.row(pair.accessId))!.expires_at).toEqual(at);
    expect(values.refreshToken).not.toBe(pair.refreshToken);
    expect(scene.endpoint.isAlive(values.refreshToken)).toBe(true);
  });

  it('a mark of the user on the refresh token wins, and the answer is dropped', async () => {
    const pair = await scene.pair();
    const { vault } = scene.keep();
    const answer = await refreshing(pair, () =>
      vault.markTokenInvalid(pair.refreshId, 'disconnected'),
    );
    expect(answer).toBeNull();
    expect(await scene.row(pair.refreshId)).toMatchObject({
      is_valid: 'false',
      last_error: 'disconnected',
      refreshing_at: null,
    });
    const { accessToken, refreshToken } = pair;
    expect(await scene.values(pair)).toEqual({ accessToken, refreshToken });
  });

  it('a disconnect wins: nothing is stored again', async () => {
    const pair = await scene.pair();
    const { vault } = scene.keep();
    const answer = await refreshing(pair, () =>
      vault.deleteProviderTokens(pair.tenantId, 'google'),
    );
    expect(answer).toBeNull();
    expect(await rowsOf(scene.database, pair.tenantId)).toEqual([]);
  });

  it('a deleted refresh token is not stored again', async () => {
    const pair = await scene.pair();
    const { vault } = scene.keep();
    const error = await failureOf(refreshing(pair, () => vault.deleteToken(pair.refreshId)));
    expect(error).toMatchObject({ name: 'RefreshTokenMissingError' });
    expect(await rowsOf(scene.database, pair.tenantId)).toMatchObject([{ id: pair.accessId }]);
    expect(await scene.value(pair.accessId)).toBe(pair.accessToken);
  });

  it.each([
    ['deleted', (pair: Pair) => scene.keep().vault.deleteToken(pair.accessId)],
    ['marked', (pair: Pair) => scene.keep().vault.markTokenInvalid(pair.accessId, '401')],
    [
      'marked as expired',
      (pair: Pair) => scene.keep().vault.getAccessToken(pair.tenantId, 'google'),
    ],
  ])('an access token that is %s loses nothing of the answer', async (_, step) => {
    const pair = await scene.pair();
    const answer = (await refreshing(pair, () => step(pair)))!;
    const [access, refresh] = await rowsOf(scene.database, pair.tenantId);
    expect(access).toMatchObject({ id: answer.token.id, is_valid: 'true', last_error: null });
    expect(await scene.value(access!.id)).toBe(answer.token.value);
    expect(scene.endpoint.isAlive(await scene.value(refresh!.id))).toBe(true);
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('an answer that comes after another process has marked the row revives it', async () => {
    const pair = await scene.pair();
    const set = `is_valid = 'false', last_error = 'tokenkeep:invalid_grant', refreshing_at = NULL`;
    const answer = await refreshing(pair, () => change(scene.database, pair.refreshId, set));
    expect(answer).toMatchObject({ token: { isValid: 'true' } });
    expect(await scene.row(pair.refreshId)).toMatchObject({ is_valid: 'true', last_error: null });
  });
});
