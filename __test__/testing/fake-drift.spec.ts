/** A fake that lacks what the real instance has would fail users' tests, or pass them wrongly. */

import { expect, it } from 'vitest';
import { createTokenKeep } from '../../dist/index.js';
import { fakeTokenKeep } from '../../dist/testing/index.js';

type Members = Record<string, string>;

/** The names that an object has, its class's too, and of which type each is. */
function members(of: object): Members {
  const found: Members = {};
  for (let at = of; at !== Object.prototype; at = Object.getPrototypeOf(at) as object) {
    for (const name of Object.getOwnPropertyNames(at)) {
      if (name !== 'constructor') found[name] = typeof (of as Record<string, unknown>)[name];
    }
  }
  return found;
}

const real = createTokenKeep({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none' });
const fake = fakeTokenKeep();

it('a fake instance has what an instance has', () => {
  const { expire, ...others } = members(fake);
  expect(expire).toBe('function');
  expect(others).toEqual(members(real));
});

it.each(['gmail', 'zoho', 'vault', 'calendar', 'integration', 'connector'] as const)(
  'a fake %s has every function of the real one',
  (name) => {
    const wanted = Object.entries(members(real[name]));
    expect(wanted.length).toBeGreaterThan(2);
    expect(members(fake[name])).toMatchObject(Object.fromEntries(wanted));
  },
);

it.each(['gmail', 'zoho', 'vault', 'calendar', 'integration'] as const)(
  'functions taken from a fake %s work without it, as those of the real one',
  async (name) => {
    for (const [method, type] of Object.entries(members(real[name]))) {
      if (type !== 'function') continue;
      const call = (fake[name] as unknown as Record<string, (...args: unknown[]) => unknown>)[
        method
      ]!;
      // Refused for its arguments, and for nothing else.
      const outcome = await Promise.resolve(call()).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome.message).toMatch(/^[\w.]+: must /);
    }
  },
);
