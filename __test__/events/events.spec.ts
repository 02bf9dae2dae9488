import { channel } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TokenkeepEvent } from '../../dist/index.js';
import { until } from '../helpers/promises';
import { SCALED, type User, useScene } from '../helpers/scene';

const scene = useScene();

const published: TokenkeepEvent[] = [];
const subscriber = (event: unknown): void => void published.push(event as TokenkeepEvent);
beforeEach(() => channel('tokenkeep').subscribe(subscriber));
afterEach(() => {
  channel('tokenkeep').unsubscribe(subscriber);
  published.length = 0;
});

/** Has a user's token refreshed, however that ends, and gives what `onEvent` was told. */
async function eventsOf(user: User, options = {}): Promise<TokenkeepEvent[]> {
  const told: TokenkeepEvent[] = [];
  const keep = scene.keep({ ...SCALED, onEvent: (event) => told.push(event), ...options });
  await keep.gmail.getValidGmailToken(user.id).catch(() => {});
  await keep.close();
  return told;
}

describe('a refresh', () => {
  it('publishes its start and its end, with what an operator needs', async () => {
    const user = await scene.user();
    const told = await eventsOf(user);
    expect(told).toStrictEqual([
      { type: 'refresh.start', store: 'gmail', key: user.id },
      { type: 'refresh.end', store: 'gmail', key: user.id, durationMs: expect.any(Number) },
    ]);
    expect(Number.isInteger(told[1]!.durationMs)).toBe(true);
  });

  it('that fails publishes the code of its error', async () => {
    const user = await scene.user();
    scene.endpoint.script(() => ({ status: 429 }));
    expect(await eventsOf(user)).toStrictEqual([
      { type: 'refresh.start', store: 'gmail', key: user.id },
      {
        type: 'refresh.fail',
        store: 'gmail',
        key: user.id,
        durationMs: expect.any(Number),
        code: 'ERR_TOKENKEEP_PROVIDER_THROTTLED',
      },
    ]);
  });

  it('that finds the grant dead says that the row was dropped', async () => {
    await scene.knownClient();
    const user = await scene.user();
    scene.endpoint.script([{ status: 400, body: { error: 'invalid_grant' } }]);
    expect(await eventsOf(user)).toMatchObject([
      { type: 'refresh.start' },
      { type: 'row.dropped', code: 'ERR_TOKENKEEP_REVOKED' },
      { type: 'refresh.fail', code: 'ERR_TOKENKEEP_REVOKED' },
    ]);
  });

  it('whose answer was dropped since the user disconnected says so', async () => {
    const user = await scene.user();
    scene.endpoint.script(async () => {
      await scene.keep().gmail.deleteGmailTokens(user.id);
      return undefined;
    });
    const types = (await eventsOf(user)).map((event) => event.type);
    expect(types).toEqual(['refresh.start', 'row.dropped', 'refresh.fail']);
  });

  it('of many callers is published once', async () => {
    const user = await scene.user();
    const told: TokenkeepEvent[] = [];
    const keep = scene.keep({ onEvent: (event) => told.push(event) });
    await Promise.all(Array.from({ length: 50 }, () => keep.gmail.getValidGmailToken(user.id)));
    await keep.close();
    expect(told.map((event) => event.type)).toEqual(['refresh.start', 'refresh.end']);
  });

  it('that is not needed is not published', async () => {
    expect(await eventsOf(await scene.user({ left: 3_600 }))).toEqual([]);
  });
});

describe('the diagnostics channel', () => {
  it('gets what onEvent gets', async () => {
    const told = await eventsOf(await scene.user());
    expect(published).toEqual(told);
  });

  it('gets the events of instances without onEvent, and onEvent only those of its own', async () => {
    const [mine, other] = [await scene.user(), await scene.user()];
    const told: TokenkeepEvent[] = [];
    const keeps = [scene.keep({ onEvent: (event) => told.push(event) }), scene.keep()];
    await keeps[0]!.gmail.getValidGmailToken(mine.id);
    await keeps[1]!.gmail.getValidGmailToken(other.id);
    await until(() => published.length === 4);
    expect(published.map((event) => event.key)).toEqual([mine.id, mine.id, other.id, other.id]);
    expect(told.map((event) => event.key)).toEqual([mine.id, mine.id]);
  });
});

describe('an onEvent that throws', () => {
  it('breaks no call and no other listener, and is warned about', async () => {
    const user = await scene.user();
    const warnings: Error[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on('warning', listen);
    const keep = scene.keep({
      onEvent: () => {
        throw new Error('mine');
      },
    });
    const token = await keep.gmail.getValidGmailToken(user.id);
    expect(await scene.tokens(user)).toMatchObject({ accessToken: token.accessToken });
    expect(await keep.close()).toBe(true);
    expect(published.map((event) => event.type)).toEqual(['refresh.start', 'refresh.end']);
    await until(() => warnings.some((warning) => warning.name === 'TokenkeepWarning'));
    process.off('warning', listen);
  });

  it.each([
    ['an object without a prototype', Object.create(null)],
    ['undefined', undefined],
  ])(
    'breaks no call, whatever it throws: %s',
    async (_, thrown) => {
      const users = [await scene.user(), await scene.user()];
      const keep = scene.keep({
        onEvent: () => {
          throw thrown;
        },
      });
      for (const user of users) {
        await expect(keep.gmail.getValidGmailToken(user.id)).resolves.toBeDefined();
      }
      // A call that is never settled hangs: no need to wait for it longer.
    },
    10_000,
  );
});

describe('payloads', () => {
  it('hold no secret, whatever happened', async () => {
    const steps = [
      undefined,
      { status: 429 },
      { status: 500 },
      { status: 401, body: { error: 'invalid_client' } },
      { status: 400, body: { error: 'invalid_grant' } },
      { drop: 'after' as const },
      { status: 200, body: 'no' },
    ];
    for (const step of steps) {
      const user = await scene.user();
      scene.endpoint.script(() => step);
      await eventsOf(user, { googleClientSecret: 'hunter2' });
      const { refreshToken } = scene.endpoint.requests.at(-1)!;
      expect(refreshToken).toBe(user.refreshToken);
    }
    const fields = new Set(published.flatMap((event) => Object.keys(event)));
    expect([...fields].sort()).toEqual(['code', 'durationMs', 'key', 'store', 'type']);
    expect(JSON.stringify(published)).not.toMatch(/hunter2|access-|refresh-/);
  });
});
