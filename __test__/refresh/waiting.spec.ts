/** Those who wait for a refresh: other callers, `close()`, and instances of the old kind. */

import { describe, expect, it } from 'vitest';
import { newGate, until } from '../helpers/promises';
import { type User, useScene } from '../helpers/scene';

const scene = useScene();

const newTokens = (user: User) => ({
  userId: user.id,
  tenantId: 'tenant-1',
  ...scene.endpoint.issue(),
  expiresAt: new Date(Date.now() + 3_600_000),
  scope: '',
});

describe('callers that wait for somebody else', () => {
  it('share one request and get equal tokens in objects of their own', async () => {
    const user = await scene.user();
    scene.endpoint.script([{ delayMs: 300 }]);
    const keep = scene.keep();
    const tokens = await Promise.all(
      Array.from({ length: 100 }, () => keep.gmail.getValidGmailToken(user.id)),
    );
    expect(scene.endpoint.requests).toHaveLength(1);
    expect(new Set(tokens).size).toBe(100);
    for (const token of tokens) expect(token).toEqual(tokens[0]);
    tokens[0]!.expiresAt.setTime(0);
    expect(Number(tokens[1]!.expiresAt)).toBeGreaterThan(0);
  });

  it('of two instances on one table send one request', async () => {
    const user = await scene.user();
    scene.endpoint.script([{ delayMs: 300 }]);
    const keeps = [scene.keep(), scene.keep(), scene.keep({ maxConnections: 2 })];
    const tokens = await Promise.all(keeps.map((keep) => keep.gmail.getValidGmailToken(user.id)));
    expect(new Set(tokens.map((token) => token.accessToken)).size).toBe(1);
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('wait for the result by default, and take the usable token at once when asked to', async () => {
    const user = await scene.user({ left: 200 });
    const answer = newGate();
    scene.endpoint.script(() => answer.opened);
    const [waiting, hasty] = [scene.keep(), scene.keep({ usableAtOnce: true })];
    let isOver = false;
    const first = waiting.gmail.getValidGmailToken(user.id).finally(() => (isOver = true));
    await scene.requests(1);
    const second = waiting.gmail.getValidGmailToken(user.id);
    // The first of these starts a refresh task of its own, and finds the row held by another instance.
    const atOnce = await Promise.all(
      Array.from({ length: 3 }, () => hasty.gmail.getValidGmailToken(user.id)),
    );
    expect(isOver).toBe(false);
    for (const token of atOnce) expect(token.accessToken).toBe(user.accessToken);
    answer.open();
    const refreshed = (await first).accessToken;
    expect(refreshed).not.toBe(user.accessToken);
    expect((await second).accessToken).toBe(refreshed);
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('take the usable token at once in the instance that refreshes, too, but not its first caller', async () => {
    const user = await scene.user({ left: 200 });
    const answer = newGate();
    scene.endpoint.script(() => answer.opened);
    const keep = scene.keep({ usableAtOnce: true });
    let isOver = false;
    const first = keep.gmail.getValidGmailToken(user.id).finally(() => (isOver = true));
    await scene.requests(1);
    expect((await keep.gmail.getValidGmailToken(user.id)).accessToken).toBe(user.accessToken);
    expect(isOver).toBe(false);
    answer.open();
    expect((await first).accessToken).not.toBe(user.accessToken);
  });

  it('that take too long get the usable token, or a timeout that may be tried again', async () => {
    const [usable, spent] = [await scene.user({ left: 200 }), await scene.user()];
    const answer = newGate();
    scene.endpoint.script(() => answer.opened);
    const keep = scene.keep({ waitMs: 100 });
    expect(await keep.gmail.getValidGmailToken(usable.id)).toMatchObject({
      accessToken: usable.accessToken,
    });
    await expect(keep.gmail.getValidGmailToken(spent.id)).rejects.toMatchObject({
      name: 'RefreshTimeoutError',
      code: 'ERR_TOKENKEEP_REFRESH_TIMEOUT',
      retryable: true,
    });
    // The refresh itself went on for whoever comes next.
    answer.open();
    for (const user of [usable, spent]) {
      await until(async () => (await scene.row(user))!.refreshing_at === null);
      expect((await scene.tokens(user))!.accessToken).not.toBe(user.accessToken);
    }
    expect(scene.endpoint.requests).toHaveLength(2);
  });
});

describe('close', () => {
  it('waits for the commit of a refresh that was sent, and the caller gets its token', async () => {
    const user = await scene.user();
    scene.endpoint.script([{ delayMs: 500 }]);
    const keep = scene.keep();
    const call = keep.gmail.getValidGmailToken(user.id);
    await scene.requests(1);
    expect(await keep.close()).toBe(true);
    const stored = (await scene.tokens(user))!;
    expect(scene.endpoint.isAlive(stored.refreshToken)).toBe(true);
    expect((await call).refreshToken).toBe(stored.refreshToken);
  });

  it('with a timeout says that something did not end, which then ends all the same', async () => {
    const user = await scene.user();
    const answer = newGate();
    scene.endpoint.script(() => answer.opened);
    const keep = scene.keep();
    const call = keep.gmail.getValidGmailToken(user.id);
    await scene.requests(1);
    expect(await keep.close({ timeoutMs: 0 })).toBe(false);
    answer.open();
    const token = await call;
    expect(await scene.tokens(user)).toMatchObject({ refreshToken: token.refreshToken });
  });

  it('ends at once what only waits for the lease of somebody else', async () => {
    const user = await scene.user({ leaseAge: 0 });
    const keep = scene.keep();
    const call = keep.gmail.getValidGmailToken(user.id);
    // Two answers of the pool: by then the refresh task has read the row.
    await keep.gmail.hasActiveGmailConnection(user.id);
    await keep.gmail.hasActiveGmailConnection(user.id);
    const closed = expect(call).rejects.toMatchObject({ name: 'ClosedError' });
    expect(await keep.close()).toBe(true);
    await closed;
    expect(scene.endpoint.requests).toHaveLength(0);
  });
});

describe('a mixed fleet', () => {
  it('finds a lease a little older than the last write, so that an old instance waits and reads again', async () => {
    const user = await scene.user();
    const keep = scene.keep({ mixedFleet: true });
    const leftover = () =>
      scene.database.client.query(
        `SELECT refreshing_at < updated_at - interval '1 second' AS leftover,
           refreshing_at > clock_timestamp() - interval '30 seconds' AS live
         FROM gmail_tokens WHERE user_id = $1`,
        [user.id],
      );
    await keep.gmail.getValidGmailToken(user.id);
    expect((await leftover()).rows).toEqual([{ leftover: true, live: true }]);
    const { updated_at: committed } = (await scene.row(user))!;
    await keep.gmail.upsertGmailTokens(newTokens(user));
    expect((await leftover()).rows).toEqual([{ leftover: true, live: true }]);
    expect((await scene.row(user))!.updated_at > committed).toBe(true);
  });

  it('does not wait for a leftover that has expired', async () => {
    await scene.knownClient();
    const user = await scene.user();
    await scene.database.client.query(
      `UPDATE gmail_tokens SET updated_at = clock_timestamp() - interval '31 seconds',
         refreshing_at = clock_timestamp() - interval '33 seconds' WHERE user_id = $1`,
      [user.id],
    );
    const keep = scene.keep({ mixedFleet: true });
    // The lease did not expire, so the row is not in doubt: it may be marked at once.
    scene.endpoint.script([{ status: 400, body: { error: 'invalid_grant' } }]);
    await expect(keep.gmail.getValidGmailToken(user.id)).rejects.toMatchObject({
      name: 'GmailTokenRevokedError',
    });
  });

  it('is off by default: a commit and a reconnect leave no lease', async () => {
    const user = await scene.user();
    const keep = scene.keep();
    await keep.gmail.getValidGmailToken(user.id);
    expect((await scene.row(user))!.refreshing_at).toBeNull();
    await keep.gmail.upsertGmailTokens(newTokens(user));
    expect((await scene.row(user))!.refreshing_at).toBeNull();
  });
});
