/** What else may happen to the two rows while a refresh of them is under way. */

import { describe, expect, it } from 'vitest';
import { failureOf } from '../helpers/promises';
import { change, encrypt, rowsOf } from './rows';
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

  it('an answer that comes after somebody else has ended the row revives it', async () => {
    const pair = await scene.pair();
    const set = `is_valid = 'false', last_error = 'tokenkeep:invalid_grant', refreshing_at = NULL`;
    const answer = await refreshing(pair, () => change(scene.database, pair.refreshId, set));
    expect(answer).toMatchObject({ token: { isValid: 'true' } });
    expect(await scene.row(pair.refreshId)).toMatchObject({ is_valid: 'true', last_error: null });
  });
});

describe('a commit that has to wait for a row', () => {
  /** Holds the row of `pair` until the commit waits for it. */
  const during = (pair: Pair, id: string, set: string, more?: string) =>
    refreshing(pair, async () => {
      const held = await scene.holding(id, set);
      void held.isWaitedFor().then(async () => {
        if (more) await held.query(more);
        await held.commit();
      });
    });

  it.each(['accessId', 'refreshId'] as const)(
    'stores both when the %s was only used',
    async (which) => {
      const pair = await scene.pair();
      const answer = await during(pair, pair[which], 'last_used_at = now()');
      const values = await scene.values(pair);
      expect(values.accessToken).toBe(answer!.token.value);
      expect(scene.endpoint.isAlive(values.refreshToken)).toBe(true);
      expect(scene.endpoint.requests).toHaveLength(1);
    },
  );

  it('does not write over an access token that was stored meanwhile', async () => {
    const pair = await scene.pair();
    const sealed = await encrypt('newer');
    const set = `encrypted_value = '${sealed}', expires_at = now() + interval '3 hours'`;
    await during(pair, pair.accessId, set);
    const values = await scene.values(pair);
    expect(values.accessToken).toBe('newer');
    expect(scene.endpoint.isAlive(values.refreshToken)).toBe(true);
  });

  it('does not write over a refresh token that was stored meanwhile, nor beside it', async () => {
    const pair = await scene.pair({ access: { left: 200 } });
    const again = scene.endpoint.issue();
    const sealed = await encrypt(again.refreshToken);
    await during(pair, pair.refreshId, `encrypted_value = '${sealed}'`);
    const { refreshToken } = await scene.values(pair);
    expect(scene.endpoint.familyOf(refreshToken)).toBe(scene.endpoint.familyOf(again.refreshToken));
  });

  it('drops the answer when the user has marked the refresh token meanwhile', async () => {
    const pair = await scene.pair();
    const set = `is_valid = 'false', last_error = 'disconnected'`;
    expect(await during(pair, pair.refreshId, set)).toBeNull();
    expect(await scene.values(pair)).toMatchObject({ accessToken: pair.accessToken });
  });

  it('makes no row when both were deleted meanwhile', async () => {
    const pair = await scene.pair();
    const more = `DELETE FROM token_vault WHERE tenant_id = '${pair.tenantId}'`;
    expect(await during(pair, pair.accessId, 'last_used_at = now()', more)).toBeNull();
    expect(await rowsOf(scene.database, pair.tenantId)).toEqual([]);
  });

  it('leaves a first access token alone that somebody else stores meanwhile', async () => {
    const pair = await scene.pair({ access: null });
    const more = `INSERT INTO token_vault (tenant_id, provider, token_type, encrypted_value)
      VALUES ('${pair.tenantId}', 'google', 'access_token', '${await encrypt('theirs')}')`;
    await during(pair, pair.refreshId, 'last_used_at = now()', more);
    const [access, refresh] = await rowsOf(scene.database, pair.tenantId);
    expect(await scene.value(access!.id)).toBe('theirs');
    expect(scene.endpoint.isAlive(await scene.value(refresh!.id))).toBe(true);
  });
});

describe('deleteProviderTokens', () => {
  it('leaves no access token that a refresh has made while it waited', async () => {
    const pair = await scene.pair({ access: null });
    const held = await scene.holding(pair.refreshId, 'last_used_at = now()');
    const gone = scene.keep().vault.deleteProviderTokens(pair.tenantId, 'google');
    await held.isWaitedFor();
    // As a commit does.
    await held.query(`INSERT INTO token_vault (tenant_id, provider, token_type, encrypted_value)
      VALUES ('${pair.tenantId}', 'google', 'access_token', 'x')`);
    await held.commit();
    await gone;
    expect(await rowsOf(scene.database, pair.tenantId)).toEqual([]);
  });

  it('does not wait for a commit that waits for it', async () => {
    // The refresh token first, so that the table has it first.
    const pair = await scene.pair();
    // As a commit does: the access token first, then the refresh token.
    const held = await scene.holding(pair.accessId, 'last_used_at = now()');
    const gone = scene.keep().vault.deleteProviderTokens(pair.tenantId, 'google');
    await held.isWaitedFor();
    await held.query(`UPDATE token_vault SET last_used_at = now() WHERE id = '${pair.refreshId}'`);
    await held.commit();
    expect(await gone).toBeUndefined();
    expect(await rowsOf(scene.database, pair.tenantId)).toEqual([]);
  });
});
