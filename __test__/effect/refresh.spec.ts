/** `refresh` with an effect of the caller's. */

import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import type { Effect } from 'effect';
import { describe, expect, it } from 'vitest';
import { until } from '../helpers/promises';
import { MAJORS } from './majors';
import { StoreScene } from './store-scene';

describe.each(MAJORS)('%s', (version) => {
  const scene = new StoreScene(version);

  it('refreshes a fresh token; what is seconds old is shared, none keeps the refresh token', async () => {
    const { Option } = scene.major;
    const userId = await scene.user();
    const refreshTokens: string[] = [];
    const refreshFn = (refreshToken: string) => {
      refreshTokens.push(refreshToken);
      return scene.succeed(`at-${refreshTokens.length}`)();
    };
    const expected = {
      accessToken: 'at-1',
      refreshToken: Option.some('rt-secret'),
      scopes: ['read'],
      provider: 'acme',
    };
    const tokens = await Promise.all([1, 2, 3].map(() => scene.call(userId, refreshFn)));
    for (const token of tokens) expect(token).toMatchObject(expected);
    expect(await scene.call(userId, refreshFn)).toMatchObject(expected);
    expect(refreshTokens).toEqual(['rt-secret']);
  });

  it('keeps a new refresh token and new scopes', async () => {
    const { Effect, Option } = scene.major;
    const userId = await scene.user();
    const next = scene.token('new', { refreshToken: Option.some('rt-2'), scopes: ['admin'] });
    await scene.call(userId, () => Effect.succeed(next));
    expect(await scene.stored(userId)).toEqual(next);
  });

  it('says why there is nothing to refresh', async () => {
    const userId = randomUUID();
    const refused = (reason: string) =>
      expect(scene.call(userId, scene.succeed('never'))).resolves.toMatchObject({
        _tag: 'TokenRefreshError',
        reason,
        provider: 'acme',
      });
    await refused('not_connected');
    await scene.run(({ store }) => store(userId, 'acme', scene.token('at')));
    await refused('refresh_token_missing');
  });

  describe('an effect that', () => {
    const boom = new Error('boom');
    const broken: [string, (major: typeof scene.major) => Effect.Effect<never, Error>][] = [
      ['fails', ({ Effect }) => Effect.fail(boom)],
      ['dies', ({ Effect }) => Effect.die(boom)],
      ['throws', () => expect.fail('boom')],
      ['is interrupted', ({ Effect }) => Effect.interrupt],
    ];
    it.each(broken)('%s is a TokenRefreshError, and the lease is free again', async (how, make) => {
      const userId = await scene.user();
      const error = await scene.call(userId, () => make(scene.major));
      expect(error).toBeInstanceOf(scene.major.tokenkeep.TokenRefreshError);
      const { cause, reason } = error as InstanceType<
        typeof scene.major.tokenkeep.TokenRefreshError
      >;
      expect(reason).toBe('refresh_failed');
      if (how === 'fails' || how === 'dies') expect(cause).toBe(boom);
      else expect(cause).toBeInstanceOf(Error);
      expect(inspect(error, { depth: 9 }) + JSON.stringify(error)).not.toContain('rt-secret');
      expect((await scene.row(userId)).refreshing_at).toBeNull();
      // Who has failed pauses a moment, and is told the same.
      await until(
        async () => 'accessToken' in Object(await scene.call(userId, scene.succeed('new'))),
      );
    });
  });

  it('runs with what the caller’s fiber carries, under a span without secrets', async () => {
    const { Effect, note, withNote } = scene.major;
    const userId = await scene.user();
    const seen: unknown[] = [];
    const refreshFn = () =>
      Effect.gen(function* () {
        const span = yield* Effect.orDie(Effect.currentSpan);
        seen.push(yield* note, span.name, Object.fromEntries(span.attributes));
        return scene.token('new');
      });
    const refresh = withNote(scene.refresh(userId, refreshFn), 'mine');
    // An application that traces has a tracer of its own.
    const traced = Effect.flatMap(Effect.tracer, (tracer) =>
      Effect.withTracer(refresh, { ...tracer }),
    );
    await Effect.runPromise(traced);
    expect(seen).toEqual(['mine', 'IntegrationTokenStore.refresh', { provider: 'acme' }]);
  });
});
