/**
 * A process with constant traffic: some of its loops read, some refresh, each its own user. Tells at
 * once when something first fails, and all that it saw when it ends.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { createTokenKeep } from 'tokenkeep';

const PAUSE_MS = 10;

let keep;
let isStopping = false;
let loops = [];
/** @type {import('./traffic').Call[]} */
const calls = [];

const work = {
  read: (user) => keep.integration.getToken(user, 'acme'),
  refresh: (user) => keep.integration.getValidToken(user, 'acme', { forceRefresh: true }),
};

const commands = {
  begin({ options, readers, refreshers }) {
    keep = createTokenKeep(options);
    loops = [
      ...readers.map((user) => repeat('read', user)),
      ...refreshers.map((user) => repeat('refresh', user)),
    ];
  },
  async end() {
    isStopping = true;
    await Promise.all(loops);
    return { calls, ended: await keep.close() };
  },
};

async function repeat(kind, user) {
  while (!isStopping) {
    calls.push(await call(kind, user));
    await sleep(PAUSE_MS);
  }
}

async function call(kind, user) {
  const began = now();
  try {
    const { refreshToken } = await work[kind](user);
    return { kind, user, began, ended: now(), refreshToken };
  } catch ({ code, retryable, message }) {
    const failed = { kind, user, began, ended: now(), code, retryable, message };
    if (process.connected) process.send({ failed });
    return failed;
  }
}

/** By the clock that all processes share, to a part of a millisecond. */
function now() {
  return performance.timeOrigin + performance.now();
}

process.on('message', async ({ command, argument }) => {
  const answer = await commands[command](argument);
  if (process.connected) process.send({ answer });
});
process.on('disconnect', () => process.exit());
