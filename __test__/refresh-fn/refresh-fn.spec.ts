/** The application's own refresh function, in the place of the request to Google. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { RefreshFn } from '../../dist/index.js';
import { failureOf, newGate, until } from '../helpers/promises';
import { SCALED, type User, useScene } from '../helpers/scene';

const scene = useScene();

const HOUR_MS = 3_600_000;
const inAnHour = () => Date.now() + HOUR_MS;
const tokens = (other = {}) => ({ accessToken: 'new-access', expiryDate: inAnHour(), ...other });

/** What a user's call with this function is rejected with. */
const failureOfUser = (keep: ReturnType<typeof scene.keep>, user: User, refreshFn: unknown) =>
  failureOf(keep.gmail.getValidGmailToken(user.id, refreshFn as RefreshFn));

describe('a refreshFn', () => {
  it('is given the refresh token and a signal, and what it returns is stored', async () => {
    const user = await scene.user();
    const given: unknown[] = [];
    const expiryDate = Date.UTC(2041, 5, 6, 7, 8, 9, 123);
    const token = await scene.keep().gmail.getValidGmailToken(user.id, async (...all) => {
      given.push(...all);
      return { accessToken: 'new-access', refreshToken: 'new-refresh', expiryDate };
    });
    expect(given).toEqual([user.refreshToken, { signal: expect.any(AbortSignal) }]);
    expect(token).toMatchObject({ accessToken: 'new-access', refreshToken: 'new-refresh' });
    expect(await scene.tokens(user)).toEqual({
      accessToken: 'new-access',
      refreshToken: 'new-refresh',
    });
    // In milliseconds as it was given, whatever the database's clock says.
    expect(Number(token.expiresAt)).toBe(expiryDate);
    const row = (await scene.row(user))!;
    expect(Number(row.expires_at)).toBe(expiryDate);
    expect(row.refreshing_at).toBeNull();
    expect(scene.endpoint.requests).toHaveLength(0);
  });

  it.each([
    ['nothing', {}],
    ['undefined', { refreshToken: undefined }],
    ['null', { refreshToken: null }],
    ['an empty text', { refreshToken: '' }],
  ])('that returns %s as the refresh token keeps the old one', async (_, other) => {
    const user = await scene.user();
    await scene.keep().gmail.getValidGmailToken(user.id, async () => tokens(other) as never);
    expect(await scene.tokens(user)).toEqual({
      accessToken: 'new-access',
      refreshToken: user.refreshToken,
    });
  });

  it('is not run while the token is fresh', async () => {
    const user = await scene.user({ left: 3_600 });
    const token = await scene
      .keep()
      .gmail.getValidGmailToken(user.id, async () => expect.fail('must not run'));
    expect(token.accessToken).toBe(user.accessToken);
  });

  it('needs neither GOOGLE_CLIENT_ID nor GOOGLE_CLIENT_SECRET, and may be synchronous', async () => {
    const user = await scene.user();
    const keep = scene.keep({ googleClientId: '', googleClientSecret: '' });
    const token = await keep.gmail.getValidGmailToken(user.id, (() => tokens()) as never);
    expect(token.accessToken).toBe('new-access');
  });

  it('runs once for callers that come together', async () => {
    const user = await scene.user();
    const keep = scene.keep();
    const ran: string[] = [];
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, call) =>
        keep.gmail.getValidGmailToken(user.id, async () => {
          ran.push(`access-of-${call}`);
          await sleep(200);
          return tokens({ accessToken: `access-of-${call}` });
        }),
      ),
    );
    expect(ran).toHaveLength(1);
    expect(new Set(answers.map((token) => token.accessToken))).toEqual(new Set(ran));
  });

  it('of a caller that comes later does not run: that of the first does', async () => {
    const user = await scene.user();
    const keep = scene.keep();
    const answer = newGate();
    const first = keep.gmail.getValidGmailToken(user.id, async () => {
      await answer.opened;
      return tokens({ accessToken: 'of-the-first' });
    });
    await until(async () => (await scene.row(user))!.refreshing_at);
    const later = Array.from({ length: 20 }, () =>
      keep.gmail.getValidGmailToken(user.id, async () => expect.fail('must not run')),
    );
    // They have joined by now; one that has not will find a fresh row.
    await keep.gmail.getGmailTokenDecrypted(user.id);
    answer.open();
    for (const call of [first, ...later]) expect((await call).accessToken).toBe('of-the-first');
  });

  it("sees the caller's AsyncLocalStorage", async () => {
    const storage = new AsyncLocalStorage<string>();
    const keep = scene.keep();
    const users = [await scene.user(), await scene.user()];
    const seen = await Promise.all(
      users.map((user, index) =>
        storage.run(`caller-${index}`, async () => {
          let inside: string | undefined;
          await keep.gmail.getValidGmailToken(user.id, async () => {
            await sleep(10);
            inside = storage.getStore();
            return tokens();
          });
          return [inside, storage.getStore()];
        }),
      ),
    );
    expect(seen).toEqual([
      ['caller-0', 'caller-0'],
      ['caller-1', 'caller-1'],
    ]);
  });

  it('may use the store itself', async () => {
    const [user, other] = [await scene.user(), await scene.user()];
    const keep = scene.keep({ maxConnections: 1 });
    const token = await keep.gmail.getValidGmailToken(user.id, async () => {
      const theirs = await keep.gmail.getValidGmailToken(other.id);
      return tokens({ accessToken: `beside-${theirs.accessToken}` });
    });
    expect(token.accessToken).toBe(`beside-${(await scene.tokens(other))!.accessToken}`);
  });

  it('never overwrites a reconnect that came while it ran', async () => {
    const user = await scene.user();
    const keep = scene.keep();
    const token = await keep.gmail.getValidGmailToken(user.id, async () => {
      await keep.gmail.upsertGmailTokens({
        userId: user.id,
        tenantId: 'tenant-1',
        accessToken: 'reconnected',
        refreshToken: 'reconnected-refresh',
        expiresAt: new Date(inAnHour()),
        scope: '',
      });
      return tokens();
    });
    expect(token.accessToken).toBe('reconnected');
    expect(await scene.tokens(user)).toMatchObject({ refreshToken: 'reconnected-refresh' });
  });
});

describe('a refreshFn that takes longer than its time', () => {
  it('is aborted by its signal, its callers are answered, and its answer is stored', async () => {
    const user = await scene.user();
    const keep = scene.keep(SCALED);
    const answer = newGate();
    let signal: AbortSignal | undefined;
    const refreshFn: RefreshFn = async (_, context) => {
      signal = context.signal;
      await answer.opened;
      return tokens({ refreshToken: 'late-refresh' });
    };
    const error = await failureOfUser(keep, user, refreshFn);
    expect(error).toMatchObject({ name: 'RefreshOutcomeUnknownError', retryable: true });
    await until(() => signal!.aborted);
    answer.open();
    await until(async () => (await scene.tokens(user))!.refreshToken === 'late-refresh');
    expect(await scene.tokens(user)).toMatchObject({ accessToken: 'new-access' });
    expect((await scene.row(user))!.refreshing_at).toBeNull();
  });

  it('and longer than its lease is stored as a token that must prove itself soon', async () => {
    const user = await scene.user();
    const keep = scene.keep(SCALED);
    const answer = newGate();
    await failureOfUser(keep, user, async () => {
      await answer.opened;
      return tokens({ refreshToken: 'late-refresh' });
    });
    await until(async () => {
      const { rows } = await scene.database.client.query(
        `SELECT refreshing_at < clock_timestamp() - interval '3 seconds' AS expired
         FROM gmail_tokens WHERE user_id = $1`,
        [user.id],
      );
      return rows[0].expired;
    });
    answer.open();
    await until(async () => (await scene.tokens(user))!.refreshToken === 'late-refresh');
    const { rows } = await scene.database.client.query(
      `SELECT expires_at <= clock_timestamp() + interval '30 seconds' AS soon
       FROM gmail_tokens WHERE user_id = $1`,
      [user.id],
    );
    expect(rows).toEqual([{ soon: true }]);
  });

  it('is waited for by close()', async () => {
    const user = await scene.user();
    const keep = scene.keep(SCALED);
    const answer = newGate();
    await failureOfUser(keep, user, async () => {
      await answer.opened;
      return tokens({ refreshToken: 'late-refresh' });
    });
    const closing = keep.close();
    answer.open();
    expect(await closing).toBe(true);
    expect(await scene.tokens(user)).toMatchObject({ refreshToken: 'late-refresh' });
  });
});
