/** Whatever a callback of the application throws, rejects with or returns: every call ends. */

import { channel } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGoogleHandlers } from '../../dist/http/index.js';
import type { Fetch, RefreshFn } from '../../dist/index.js';
import { fakeTokenKeep } from '../../dist/testing/index.js';
import { failureOf, until } from '../helpers/promises';
import { useScene } from '../helpers/scene';

const scene = useScene();

/** What a process dies of by default. */
const uncaught: unknown[] = [];
const note = (error: unknown): void => void uncaught.push(error);
let before: { name: string; listeners: ((...args: never[]) => void)[] }[] = [];
beforeEach(() => {
  before = ['uncaughtException', 'unhandledRejection'].map((name) => {
    const listeners = process.listeners(name as never) as never[];
    process.removeAllListeners(name);
    process.on(name, note);
    return { name, listeners };
  });
});
afterEach(async () => {
  // Both come after the turn in which they happened.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  for (const { name, listeners } of before) {
    process.off(name, note);
    for (const listener of listeners) process.on(name, listener as never);
  }
  expect(uncaught.splice(0)).toEqual([]);
});

function bad(): never {
  throw new Error('a trap');
}
function fail(thrown: unknown): never {
  throw thrown;
}
const traps = Object.fromEntries(
  Reflect.ownKeys(Reflect)
    .filter((name) => typeof name === 'string')
    .map((name) => [name, bad]),
);
const hostile = (): object => new Proxy(function target() {}, traps);
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const throwing = (...names: string[]): Error => {
  const error = new Error('mine');
  for (const name of names) Object.defineProperty(error, name, { get: bad });
  return error;
};

const THROWN: [string, () => unknown][] = [
  ['a proxy that throws in every trap', hostile],
  ['a proxy that was revoked', revoked],
  ['an error whose message throws', () => throwing('message')],
  [
    'an error of which everything throws',
    () => throwing('message', 'name', 'code', 'cause', 'response', 'stack'),
  ],
  [
    'an error whose response throws',
    () => ({
      response: {
        get data() {
          return bad();
        },
      },
    }),
  ],
  ['an object that is no text', () => ({ toString: bad, [Symbol.toPrimitive]: bad })],
  ['nothing', () => undefined],
];
/** What a callback does with each of these. */
// oxlint-disable-next-line unicorn/no-thenable -- what a callback may return, however odd
const thenable = (then: PropertyDescriptor): object => Object.defineProperty({}, 'then', then);
const WAYS: [string, (thrown: unknown) => unknown][] = [
  ['throws', (thrown) => fail(thrown)],
  ['rejects with', (thrown) => Promise.reject(thrown)],
  ['returns a thenable that throws', (thrown) => thenable({ value: () => fail(thrown) })],
  ['returns a thenable whose then throws', (thrown) => thenable({ get: () => fail(thrown) })],
];
const CASES = WAYS.flatMap(([how, does]) =>
  THROWN.map(([what, make]) => [`${how} ${what}`, () => does(make())] as const),
);

/** Two calls whose answers come in the same turn: neither may hang because of the other. */
async function ends(keep: ReturnType<typeof scene.keep>): Promise<void> {
  const users = await Promise.all([scene.user(), scene.user(), scene.user()]);
  const calls = users.map((user) => keep.gmail.getValidGmailToken(user.id));
  const reads = users.map((user) => keep.gmail.getGmailTokenDecrypted(user.id));
  await Promise.allSettled([...calls, ...reads]);
  expect(await keep.close()).toBe(true);
}

describe('an onEvent that', () => {
  it.each(CASES)(
    '%s',
    async (_, callback) => {
      const warnings: Error[] = [];
      const listen = (warning: Error): void => {
        if (warning.name === 'TokenkeepWarning') warnings.push(warning);
      };
      process.on('warning', listen);
      await ends(scene.keep({ onEvent: callback as () => void }));
      await until(() => warnings.length > 0);
      process.off('warning', listen);
      expect(warnings[0]!.message).toMatch(/^onEvent threw /);
    },
    20_000,
  );
});

describe('a fetch that', () => {
  const nonsense: [string, () => unknown][] = [
    ['returns nothing', () => undefined],
    ['returns a number', () => 7],
    ['returns a proxy that throws', hostile],
    ['has no headers', () => ({ status: 200, arrayBuffer: async () => new ArrayBuffer(0) })],
    ['has headers that throw', () => ({ status: 200, headers: { get: bad } })],
    [
      'has a status that throws',
      () => ({
        get status() {
          return bad();
        },
        headers: new Headers(),
      }),
    ],
    [
      'has a body that throws',
      () => ({
        status: 200,
        headers: new Headers(),
        get body() {
          return bad();
        },
      }),
    ],
    [
      'has a body of nonsense',
      () => ({
        status: 200,
        headers: new Headers(),
        body: { getReader: () => ({ read: async () => ({ value: 7 }), cancel: bad }) },
      }),
    ],
  ];
  it.each([...CASES, ...nonsense])(
    '%s',
    async (_, callback) => {
      await ends(scene.keep({ fetch: callback as Fetch, limitsDivisor: 50 }));
    },
    20_000,
  );
});

describe('a refreshFn that', () => {
  it.each(CASES)(
    '%s',
    async (_, callback) => {
      const [user, other] = [await scene.user(), await scene.user()];
      const keep = scene.keep();
      const failing = failureOf(keep.gmail.getValidGmailToken(user.id, callback as RefreshFn));
      const [error] = await Promise.all([failing, keep.gmail.getValidGmailToken(other.id)]);
      expect(error.code).toBe('ERR_TOKENKEEP_REFRESH_CALLBACK');
      expect((await scene.row(user))!.refreshing_at).toBeNull();
      expect(await keep.close()).toBe(true);
    },
    20_000,
  );

  it('throws what says invalid_grant beside a message that throws is believed', async () => {
    const user = await scene.user();
    const thrown = Object.assign(throwing('message', 'code'), {
      response: { status: 400, data: { error: 'invalid_grant' } },
    });
    const call = scene.keep().gmail.getValidGmailToken(user.id, () => Promise.reject(thrown));
    expect((await failureOf(call)).code).toBe('ERR_TOKENKEEP_REVOKED');
  });

  const named = (name: string) => ({
    accessToken: 'at',
    refreshToken: 'rt',
    expiryDate: Date.now() + 3_600_000,
    get [name]() {
      return bad();
    },
  });
  it('returns tokens whose accessToken throws', async () => {
    const user = await scene.user();
    const keep = scene.keep();
    const returned = named('accessToken') as never;
    const error = await failureOf(keep.gmail.getValidGmailToken(user.id, async () => returned));
    expect(error.code).toMatch(/^ERR_TOKENKEEP_/);
    expect(await keep.close()).toBe(true);
  });

  it.each(['refreshToken', 'expiryDate', 'scopes'])(
    'returns tokens whose %s throws: what can be read is stored',
    async (name) => {
      const user = await scene.user();
      const keep = scene.keep();
      const returned = named(name) as never;
      const given = await keep.gmail.getValidGmailToken(user.id, async () => returned);
      expect(given.accessToken).toBe('at');
      const refreshToken = name === 'refreshToken' ? user.refreshToken : 'rt';
      expect(await scene.tokens(user)).toEqual({ accessToken: 'at', refreshToken });
      expect(await keep.close()).toBe(true);
    },
  );
});

describe('a subscriber of the diagnostics channel that throws', () => {
  it('is an uncaught exception of Node’s own, and no call of anybody’s hangs', async () => {
    const subscriber = (): never => bad();
    channel('tokenkeep').subscribe(subscriber);
    await ends(scene.keep());
    channel('tokenkeep').unsubscribe(subscriber);
    await until(() => uncaught.length > 0);
    expect(new Set(uncaught.splice(0).map(String))).toEqual(new Set(['Error: a trap']));
  });
});

describe('a route whose userId', () => {
  it.each(CASES)('%s', async (_, callback) => {
    const handlers = createGoogleHandlers({
      keep: scene.keep({ googleOauthRedirectUri: 'https://app.example/auth/callback' }),
      userId: callback as () => string,
      onError: callback as () => void,
    });
    const requests = [
      new Request('https://app.example/auth/connect'),
      new Request('https://app.example/auth/connect?link=x'),
      new Request('https://app.example/auth/connect?link=x', { method: 'POST' }),
      new Request('https://app.example/auth/callback?state=x&code=y'),
      new Request('https://app.example/auth/disconnect', { method: 'POST' }),
    ];
    for (const request of requests) {
      const response = await handlers.handle(request);
      expect([400, 500]).toContain(response?.status);
      expect(await response?.text()).toContain('went wrong on our side');
    }
  });
});

describe('a fake whose refresh', () => {
  it.each(CASES)('%s', async (_, callback) => {
    const keep = fakeTokenKeep({ refresh: callback as never });
    const token = { accessToken: 'at', refreshToken: 'rt', expiresAt: new Date(0) };
    await keep.integration.storeToken('user', 'acme', token);
    const error = await failureOf(keep.integration.getValidToken('user', 'acme'));
    expect(error.code).toBe('ERR_TOKENKEEP_REFRESH_CALLBACK');
  });
});
