/** What else may happen to a row while its refresh is under way. */

import { describe, expect, it } from 'vitest';
import { rowOf, secondsLeft } from '../helpers/rows';
import { seal } from '../helpers/gmail-format';
import { type User, useScene } from '../helpers/scene';

const scene = useScene();

const HOUR_MS = 3_600_000;

/** The user connects again, with a fresh token of a new grant. */
async function reconnect(user: User) {
  const again = scene.endpoint.issue();
  await scene.keep().gmail.upsertGmailTokens({
    userId: user.id,
    tenantId: 'tenant-1',
    ...again,
    expiresAt: new Date(Date.now() + HOUR_MS),
    scope: 'new',
  });
  return again;
}

describe('while a refresh is under way', () => {
  it('a user who connects again keeps the new tokens, and the caller gets them', async () => {
    const user = await scene.user();
    let again: Awaited<ReturnType<typeof reconnect>> | undefined;
    scene.endpoint.script(async () => {
      again ??= await reconnect(user);
      return undefined;
    });
    const token = await scene.keep().gmail.getValidGmailToken(user.id);
    expect(token).toMatchObject({ ...again, scope: 'new' });
    expect(await scene.tokens(user)).toEqual(again);
    expect((await scene.row(user))!.refreshing_at).toBeNull();
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('a disconnect is never undone, and the caller gets an error', async () => {
    const user = await scene.user();
    scene.endpoint.script(async () => {
      await scene.keep().gmail.deleteGmailTokens(user.id);
      return undefined;
    });
    await expect(scene.keep().gmail.getValidGmailToken(user.id)).rejects.toMatchObject({
      name: 'GmailNotConnectedError',
    });
    expect(await scene.row(user)).toBeUndefined();
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('a disconnect wins over an access token that would still be usable', async () => {
    const user = await scene.user({ left: 200 });
    scene.endpoint.script(async () => {
      await scene.keep().gmail.deleteGmailTokens(user.id);
      return undefined;
    });
    await expect(scene.keep().gmail.getValidGmailToken(user.id)).rejects.toMatchObject({
      name: 'GmailNotConnectedError',
    });
  });

  it('a row that is sealed anew does not lose the rotated refresh token', async () => {
    const user = await scene.user();
    scene.endpoint.script(async () => {
      await scene.database.client.query(
        `UPDATE gmail_tokens SET encrypted_access_token = $2, encrypted_refresh_token = $3
         WHERE user_id = $1`,
        [user.id, seal(user.accessToken), seal(user.refreshToken)],
      );
      return undefined;
    });
    const token = await scene.keep().gmail.getValidGmailToken(user.id);
    const stored = (await scene.tokens(user))!;
    expect(stored.refreshToken).not.toBe(user.refreshToken);
    expect(scene.endpoint.isAlive(stored.refreshToken)).toBe(true);
    expect(stored.accessToken).toBe(token.accessToken);
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('an access token that an old instance stores meanwhile is kept if it runs longer', async () => {
    const user = await scene.user();
    scene.endpoint.script(async () => {
      await scene.database.client.query(
        `UPDATE gmail_tokens SET encrypted_access_token = $2,
           expires_at = clock_timestamp() + interval '2 hours' WHERE user_id = $1`,
        [user.id, seal('access-theirs')],
      );
      return undefined;
    });
    await scene.keep().gmail.getValidGmailToken(user.id);
    const stored = (await scene.tokens(user))!;
    expect(stored.accessToken).toBe('access-theirs');
    expect(scene.endpoint.isAlive(stored.refreshToken)).toBe(true);
    expect(await secondsLeft(scene.database, user.id)).toBeGreaterThan(HOUR_MS / 1_000);
  });

  it('invalid_grant for the old refresh token does not delete the new connection', async () => {
    const user = await scene.user();
    let again: Awaited<ReturnType<typeof reconnect>> | undefined;
    scene.endpoint.script(async (_, index) => {
      if (index > 0) return undefined;
      again = await reconnect(user);
      return { status: 400, body: { error: 'invalid_grant' } };
    });
    const proved = await scene.keep().gmail.getValidGmailToken(user.id);
    // Reuse may have revoked the whole family: the new tokens are refreshed at once to find out.
    expect(scene.endpoint.requests.map(({ refreshToken }) => refreshToken)).toEqual([
      user.refreshToken,
      again!.refreshToken,
    ]);
    expect(proved.scope).toBe('new');
    expect(await scene.tokens(user)).toMatchObject({ accessToken: proved.accessToken });
  });

  it('invalid_grant after a disconnect is GmailTokenRevokedError, and no row appears', async () => {
    const user = await scene.user();
    scene.endpoint.script(async () => {
      await scene.keep().gmail.deleteGmailTokens(user.id);
      return { status: 400, body: { error: 'invalid_grant' } };
    });
    await expect(scene.keep().gmail.getValidGmailToken(user.id)).rejects.toMatchObject({
      name: 'GmailTokenRevokedError',
    });
    expect(await scene.row(user)).toBeUndefined();
  });

  it('an unknown outcome of the old refresh token does not hold up the new connection', async () => {
    const user = await scene.user();
    scene.endpoint.script(async () => {
      await reconnect(user);
      return { drop: 'after' as const };
    });
    const keep = scene.keep();
    await keep.gmail.getValidGmailToken(user.id).catch(() => {});
    const token = await keep.gmail.getValidGmailToken(user.id);
    expect(token.scope).toBe('new');
    expect((await scene.row(user))!.refreshing_at).toBeNull();
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('reads, other users and other writes go on', async () => {
    const [user, other] = [await scene.user(), await scene.user({ left: 3_600 })];
    const keep = scene.keep();
    let looked = false;
    scene.endpoint.script(async () => {
      expect(await keep.gmail.getGmailTokenDecrypted(user.id)).toMatchObject({
        accessToken: user.accessToken,
      });
      expect(await keep.gmail.hasActiveGmailConnection(user.id)).toBe(true);
      await keep.gmail.getValidGmailToken(other.id);
      await keep.gmail.deleteGmailTokens(other.id);
      looked = true;
      return undefined;
    });
    await keep.gmail.getValidGmailToken(user.id);
    expect(looked).toBe(true);
    expect(await rowOf(scene.database, other.id)).toBeUndefined();
  });
});
