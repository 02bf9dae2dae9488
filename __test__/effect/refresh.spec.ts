/** `refresh` with an effect of the caller's. */

import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { newGate, until } from '../helpers/promises';
import { MAJORS, useMajor } from './majors';
import type { Effect } from 'effect';
import type { IntegrationTokenStoreService, StoredToken } from 'tokenkeep/effect';

type RefreshFn = (refreshToken: string) => Effect.Effect<StoredToken, Error>;

describe.each(MAJORS)('%s', (version) => {
  const setting = useMajor(version);

  /** Uses the default store. */
  function withStore<A, E>(
    use: (store: IntegrationTokenStoreService) => Effect.Effect<A, E>,
  ): Effect.Effect<A, E> {
    const { Effect, tokenkeep } = setting.major;
    const used = Effect.gen(function* () {
      return yield* use(yield* tokenkeep.IntegrationTokenStore);
    });
    return Effect.provide(used, tokenkeep.IntegrationTokenStoreLive);
  }

  function newToken(accessToken: string, fields: Partial<StoredToken> = {}): StoredToken {
    const refreshToken = setting.major.Option.none<string>();
    const expiresAt = Date.now() + 3_600_000;
    return { accessToken, refreshToken, expiresAt, scopes: [], provider: 'acme', ...fields };
  }

  /** A user with a fresh token. */
  async function someUser(): Promise<string> {
    const { Effect, Option } = setting.major;
    const userId = randomUUID();
    const token = newToken('at', { refreshToken: Option.some('rt-secret'), scopes: ['read'] });
    await Effect.runPromise(withStore(({ store }) => store(userId, 'acme', token)));
    return userId;
  }

  const refresh = (userId: string, refreshFn: RefreshFn) =>
    withStore((store) => store.refresh(userId, 'acme', refreshFn));
  const ask = (userId: string, refreshFn: RefreshFn) => {
    const { Effect } = setting.major;
    return Effect.runPromise(
      Effect.match(refresh(userId, refreshFn), {
        onSuccess: (token): unknown => token,
        onFailure: (error): unknown => error,
      }),
    );
  };
  const succeed = (accessToken: string) => () =>
    setting.major.Effect.succeed(newToken(accessToken));

  async function rowOf(userId: string) {
    const { rows } = await setting.database.client.query(
      'SELECT * FROM integration_tokens WHERE user_id = $1',
      [userId],
    );
    return rows[0];
  }

  it('refreshes a fresh token; what is seconds old is shared, none keeps the refresh token', async () => {
    const { Option } = setting.major;
    const userId = await someUser();
    const refreshTokens: string[] = [];
    const refreshFn = (refreshToken: string) => {
      refreshTokens.push(refreshToken);
      return succeed(`at-${refreshTokens.length}`)();
    };
    const expected = {
      accessToken: 'at-1',
      refreshToken: Option.some('rt-secret'),
      scopes: ['read'],
      provider: 'acme',
    };
    const tokens = await Promise.all([1, 2, 3].map(() => ask(userId, refreshFn)));
    for (const token of tokens) expect(token).toMatchObject(expected);
    expect(await ask(userId, refreshFn)).toMatchObject(expected);
    expect(refreshTokens).toEqual(['rt-secret']);
  });

  it('keeps a new refresh token and new scopes', async () => {
    const { Effect, Option } = setting.major;
    const userId = await someUser();
    const next = newToken('new', { refreshToken: Option.some('rt-2'), scopes: ['admin'] });
    await ask(userId, () => Effect.succeed(next));
    const stored = await Effect.runPromise(withStore(({ get }) => get(userId, 'acme')));
    expect(Option.getOrThrow(stored)).toEqual(next);
  });

  it('says why there is nothing to refresh', async () => {
    const { Effect } = setting.major;
    const userId = randomUUID();
    const refused = (reason: string) =>
      expect(ask(userId, succeed('never'))).resolves.toMatchObject({
        _tag: 'TokenRefreshError',
        reason,
        provider: 'acme',
      });
    await refused('not_connected');
    await Effect.runPromise(withStore(({ store }) => store(userId, 'acme', newToken('at'))));
    await refused('refresh_token_missing');
  });

  describe('an effect that', () => {
    const boom = new Error('boom');
    const broken: [string, (major: typeof setting.major) => Effect.Effect<never, Error>][] = [
      ['fails', ({ Effect }) => Effect.fail(boom)],
      ['dies', ({ Effect }) => Effect.die(boom)],
      ['throws', () => expect.fail('boom')],
      ['is interrupted', ({ Effect }) => Effect.interrupt],
    ];
    it.each(broken)('%s is a TokenRefreshError, and the lease is free again', async (how, make) => {
      const userId = await someUser();
      const error = await ask(userId, () => make(setting.major));
      expect(error).toBeInstanceOf(setting.major.tokenkeep.TokenRefreshError);
      const { cause, reason } = error as InstanceType<
        typeof setting.major.tokenkeep.TokenRefreshError
      >;
      expect(reason).toBe('refresh_failed');
      if (how === 'fails' || how === 'dies') expect(cause).toBe(boom);
      else expect(cause).toBeInstanceOf(Error);
      expect(inspect(error, { depth: 9 }) + JSON.stringify(error)).not.toContain('rt-secret');
      expect((await rowOf(userId)).refreshing_at).toBeNull();
      // Who has failed pauses a moment, and is told the same.
      await until(async () => 'accessToken' in Object(await ask(userId, succeed('new'))));
    });
  });

  it('goes on for the others when one who waits, or who began it, is interrupted', async () => {
    const { Effect, Exit, Fiber } = setting.major;
    const userId = await someUser();
    const { open, opened } = newGate();
    let calls = 0;
    let ended = '';
    const refreshFn = () => {
      calls++;
      return Effect.promise(() => opened).pipe(
        Effect.flatMap(succeed('new')),
        Effect.onExit((exit) => Effect.sync(() => (ended = exit._tag))),
      );
    };
    const fibers = [1, 2, 3].map(() => Effect.runFork(refresh(userId, refreshFn)));
    await until(() => calls === 1);
    // The first began it. Interrupting ends although nobody has opened the gate.
    for (const fiber of fibers.slice(0, 2)) await Effect.runPromise(Fiber.interrupt(fiber));
    expect(ended).toBe('');
    open();
    const exits = await Promise.all(fibers.map((fiber) => Effect.runPromise(Fiber.await(fiber))));
    expect(exits.map(Exit.isSuccess)).toEqual([false, false, true]);
    expect([calls, ended]).toEqual([1, 'Success']);
    expect(await rowOf(userId)).toMatchObject({ refreshing_at: null, failure_count: 0 });
  });

  it('is stored although everybody who waited is interrupted', async () => {
    const { Effect, Fiber, Option } = setting.major;
    const userId = await someUser();
    const { open, opened } = newGate();
    let called = false;
    const fiber = Effect.runFork(
      refresh(userId, () => {
        called = true;
        return Effect.promise(() => opened).pipe(Effect.flatMap(succeed('new')));
      }),
    );
    await until(() => called);
    await Effect.runPromise(Fiber.interrupt(fiber));
    open();
    await until(async () => (await rowOf(userId)).refreshing_at === null);
    const stored = await Effect.runPromise(withStore(({ get }) => get(userId, 'acme')));
    expect(Option.getOrThrow(stored).accessToken).toBe('new');
  });

  it('runs with what the caller’s fiber carries, under a span without secrets', async () => {
    const { Effect, note, withNote } = setting.major;
    const userId = await someUser();
    const seen: unknown[] = [];
    const refreshFn = () =>
      Effect.gen(function* () {
        const span = yield* Effect.orDie(Effect.currentSpan);
        seen.push(yield* note, span.name, Object.fromEntries(span.attributes));
        return newToken('new');
      });
    await Effect.runPromise(withNote(refresh(userId, refreshFn), 'mine'));
    expect(seen).toEqual(['mine', 'IntegrationTokenStore.refresh', { provider: 'acme' }]);
  });
});
