/** Statements that have to wait for a row, and find it changed. */

import { describe, expect, it } from 'vitest';
import { encrypt, rowsOf } from './rows';
import { type Pair, useScene } from './scene';

const scene = useScene();

/** Somebody asks; a row is held when the provider is about to answer, until the commit waits for it. */
function committing({ tenantId }: Pair, id: string, set: string, more?: string) {
  scene.endpoint.script(async (_, index) => {
    if (index > 0) return undefined;
    const held = await scene.holding(id, set);
    void held.isWaitedFor().then(async () => {
      if (more) await held.query(more);
      await held.commit();
    });
    return undefined;
  });
  return scene.keep().vault.getAccessToken(tenantId, 'google', undefined, 5, { refresh: true });
}

describe('a commit that has to wait for a row', () => {
  it.each(['accessId', 'refreshId'] as const)(
    'stores both when the %s was only used',
    async (which) => {
      const pair = await scene.pair();
      const answer = await committing(pair, pair[which], 'last_used_at = now()');
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
    await committing(pair, pair.accessId, set);
    const values = await scene.values(pair);
    expect(values.accessToken).toBe('newer');
    expect(scene.endpoint.isAlive(values.refreshToken)).toBe(true);
  });

  it('does not write over a refresh token that was stored meanwhile, nor beside it', async () => {
    const pair = await scene.pair({ access: { left: 200 } });
    const again = scene.endpoint.issue();
    const sealed = await encrypt(again.refreshToken);
    await committing(pair, pair.refreshId, `encrypted_value = '${sealed}'`);
    const { refreshToken } = await scene.values(pair);
    expect(scene.endpoint.familyOf(refreshToken)).toBe(scene.endpoint.familyOf(again.refreshToken));
  });

  it('drops the answer when the user has marked the refresh token meanwhile', async () => {
    const pair = await scene.pair();
    const set = `is_valid = 'false', last_error = 'disconnected'`;
    expect(await committing(pair, pair.refreshId, set)).toBeNull();
    expect(await scene.values(pair)).toMatchObject({ accessToken: pair.accessToken });
  });

  it('makes no row when both were deleted meanwhile', async () => {
    const pair = await scene.pair();
    const more = `DELETE FROM token_vault WHERE tenant_id = '${pair.tenantId}'`;
    expect(await committing(pair, pair.accessId, 'last_used_at = now()', more)).toBeNull();
    expect(await rowsOf(scene.database, pair.tenantId)).toEqual([]);
  });

  it('leaves a first access token alone that somebody else stores meanwhile', async () => {
    const pair = await scene.pair({ access: null });
    const more = `INSERT INTO token_vault (tenant_id, provider, token_type, encrypted_value)
      VALUES ('${pair.tenantId}', 'google', 'access_token', '${await encrypt('theirs')}')`;
    await committing(pair, pair.refreshId, 'last_used_at = now()', more);
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
