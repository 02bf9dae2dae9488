/** Refreshes whose callers, or whose time, end. */

import { describe, expect, it } from 'vitest';
import { newGate, until } from '../helpers/promises';
import { MAJORS } from './majors';
import { StoreScene } from './store-scene';

describe.each(MAJORS)('%s', (version) => {
  const scene = new StoreScene(version);

  it('goes on for the others when one who waits, or who began it, is interrupted', async () => {
    const { Effect, Exit, Fiber } = scene.major;
    const userId = await scene.user();
    const { open, opened } = newGate();
    let calls = 0;
    let ended = '';
    const refreshFn = () => {
      calls++;
      return Effect.promise(() => opened).pipe(
        Effect.flatMap(scene.succeed('new')),
        Effect.onExit((exit) => Effect.sync(() => (ended = exit._tag))),
      );
    };
    const fibers = [1, 2, 3].map(() => Effect.runFork(scene.refresh(userId, refreshFn)));
    await until(() => calls === 1);
    // The first began it. Interrupting ends although nobody has opened the gate.
    for (const fiber of fibers.slice(0, 2)) await Effect.runPromise(Fiber.interrupt(fiber));
    expect(ended).toBe('');
    open();
    const exits = await Promise.all(fibers.map((fiber) => Effect.runPromise(Fiber.await(fiber))));
    expect(exits.map(Exit.isSuccess)).toEqual([false, false, true]);
    expect([calls, ended]).toEqual([1, 'Success']);
    expect(await scene.row(userId)).toMatchObject({ refreshing_at: null, failure_count: 0 });
  });

  it('is stored although everybody who waited is interrupted', async () => {
    const { Effect, Fiber } = scene.major;
    const userId = await scene.user();
    const { open, opened } = newGate();
    let called = false;
    const fiber = Effect.runFork(
      scene.refresh(userId, () => {
        called = true;
        return Effect.promise(() => opened).pipe(Effect.flatMap(scene.succeed('new')));
      }),
    );
    await until(() => called);
    await Effect.runPromise(Fiber.interrupt(fiber));
    open();
    await until(async () => (await scene.row(userId)).refreshing_at === null);
    expect(await scene.stored(userId)).toMatchObject({ accessToken: 'new' });
  });

  it('is interrupted when its time is over', async () => {
    const { Effect, Redacted, tokenkeep } = scene.major;
    const userId = await scene.user();
    let ended = '';
    const refreshFn = () =>
      Effect.never.pipe(Effect.onExit((exit) => Effect.sync(() => (ended = exit._tag))));
    const hasty = tokenkeep.layer({
      databaseUrl: Redacted.make(scene.setting.database.url),
      limitsDivisor: 100,
    });
    expect(await scene.call(userId, refreshFn, hasty)).toMatchObject({ _tag: 'TokenRefreshError' });
    await until(() => ended);
    expect(ended).toBe('Failure');
    // Nobody knows what became of it: the next one waits until the lease is over.
    const next = scene.succeed('new');
    await until(async () => 'accessToken' in Object(await scene.call(userId, next, hasty)));
  });
});
