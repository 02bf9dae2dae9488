/** The Bearer secret: how it is read off a header, and what is none. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { createGoogleHandlers } from '../../dist/http/index.js';
import { fakeTokenKeep } from '../../dist/testing/index.js';

const SECRET = 's'.repeat(32);
const VARIABLE = 'TOKENKEEP_CONNECT_SECRET';
afterEach(() => {
  delete process.env[VARIABLE];
});

const reported: unknown[] = [];
const handlersOf = (options = {}) =>
  createGoogleHandlers({
    keep: fakeTokenKeep(),
    onError: (error) => void reported.push(error),
    ...options,
  });

async function statusOf(authorization: string, options: object = { connectSecret: SECRET }) {
  const url = 'http://127.0.0.1/auth/google/connect?user_id=7f6f4bb2-6f0e-4a53-9d5a-2f1c5f3e8a10';
  const headers: Record<string, string> = authorization ? { authorization } : {};
  return (await handlersOf(options).connect(new Request(url, { headers }))).status;
}

describe('Authorization', () => {
  it.each([`Bearer ${SECRET}`, `bearer ${SECRET}`, `BEARER   ${SECRET}`, `Bearer ${SECRET}  `])(
    '%s is the secret',
    async (header) => expect(await statusOf(header)).toBe(200),
  );

  it.each([
    '',
    'Bearer',
    'Bearer ',
    `Bearer${SECRET}`,
    SECRET,
    `Basic ${SECRET}`,
    `Bearer ${SECRET}x`,
    `Bearer ${SECRET.slice(1)}`,
    `Bearer ${SECRET} x`,
    `Bearer ${SECRET.toUpperCase()}`,
    `x Bearer ${SECRET}`,
  ])('%s is not', async (header) => expect(await statusOf(header)).toBe(401));

  it('is read in one go, however long it is and whatever is in it', async () => {
    // In a process of its own, that can be ended: one pass over it again for each of its spaces would
    // take a quarter of an hour.
    const script = `
      const { createGoogleHandlers } = require('./dist/http/index.js');
      const { fakeTokenKeep } = require('./dist/testing/index.js');
      const handlers = createGoogleHandlers({ keep: fakeTokenKeep(), connectSecret: '${SECRET}' });
      const spaces = ' '.repeat(1024 * 1024);
      // The last one ends with a character that is a space to patterns, but not to HTTP.
      const long = ['x' + spaces + 'x', spaces + 'x', 'x '.repeat(512 * 1024) + 'x', spaces + '\\xa0'];
      (async () => {
        for (const text of long) {
          const headers = { authorization: 'Bearer ' + text, cookie: text, accept: text };
          for (const path of ['connect?user_id=u', 'disconnect?user_id=u', 'callback?state=s&code=c']) {
            const method = path.startsWith('disconnect') ? 'POST' : 'GET';
            const url = 'http://127.0.0.1/auth/google/' + path + '&return_to=/' + 'x'.repeat(1000);
            await handlers.handle(new Request(url, { method, headers }));
          }
        }
        console.log('done');
      })();`;
    const cwd = new URL('../..', import.meta.url);
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], {
      cwd,
      timeout: 50_000,
    });
    expect(stdout.trim()).toBe('done');
  });
});

describe('a secret that can be guessed', () => {
  const short = 'x'.repeat(31);

  it.each(['x', short, `${' '.repeat(16)}${'x'.repeat(16)}`])(
    'is refused as an option: %j',
    (secret) => {
      expect(() => handlersOf({ connectSecret: secret })).toThrow(
        /^connectSecret: must be at least 32 characters.*npx tokenkeep keygen/,
      );
    },
  );

  it('is refused as a variable: nobody gets in with it, and the operator gets the error', async () => {
    process.env[VARIABLE] = short;
    reported.length = 0;
    expect(await statusOf(`Bearer ${short}`, {})).toBe(500);
    expect(reported).toMatchObject([{ code: 'ERR_TOKENKEEP_CONFIGURATION' }]);
    expect(String(reported[0])).toContain(`${VARIABLE}: must be at least 32 characters`);
    expect(String(reported[0])).not.toContain(short);
  });

  it('does not keep those away who are signed in', async () => {
    process.env[VARIABLE] = short;
    const userId = (): string => '7f6f4bb2-6f0e-4a53-9d5a-2f1c5f3e8a10';
    const request = new Request('http://127.0.0.1/auth/google/connect');
    expect((await handlersOf({ userId }).connect(request)).status).toBe(303);
  });

  it('is one that is empty: there are no routes for servers', async () => {
    process.env[VARIABLE] = SECRET;
    expect(await statusOf(`Bearer ${SECRET}`, {})).toBe(200);
    expect(await statusOf(`Bearer ${SECRET}`, { connectSecret: '' })).toBe(404);
  });
});
