/** A process with one implementation, which runs its parent's tasks one at a time. */
import { openPeer } from '../peers/index.mjs';
import { expiresInAnHour, newTokens, scope, tenantId } from '../tokens.mjs';
import { ask } from './ask.mjs';
import { expiring } from './expiring.mjs';
import { issue } from './issue.mjs';
import { load } from './load.mjs';
import { memory } from './memory.mjs';
import { atRate } from './rate.mjs';
import { walk } from './walk.mjs';

/** @type {import('../peers/index.mjs').Peer} */
let peer;
let users = [];

const tasks = {
  async open({ name, settings, users: ids }) {
    users = ids;
    peer = await openPeer(name, settings);
  },
  read: (size) => load(readOne(randomUser), size),
  /** Each user in turn. */
  readInTurn: (size) => load(readOne(nextUser()), size),
  write: (size) => load(writeOne(), size),
  rate: (size) => atRate(readOne(randomUser), size),
  issue: (size) => issue(() => peer.getValidGmailToken(randomUser()), size),
  memory: (size) => memory(readOne(randomUser), size),
  ask: ({ userId, callers }) => ask(peer, userId, callers),
  expiring: (options) => expiring(peer, options),
  walk: (argument) => walk(peer, argument),
  close: () => peer?.close(),
};

/** Loaded on demand: a process has only its own implementation in memory. */
const modules = {
  seal: () => import('./seal.mjs'),
  decryptVault: () => import('./vault.mjs'),
  delayVault: () => import('./vault.mjs'),
  storeVault: () => import('./vault.mjs'),
  effect: () => import('./effect.mjs'),
};

async function taskOf(name) {
  return tasks[name] ?? (await modules[name]())[name];
}

/** @param {() => string} nextOne */
function readOne(nextOne) {
  return async () => {
    const userId = nextOne();
    const token = await peer.getValidGmailToken(userId);
    // The integration store's tokens do not contain the user.
    if ((token.userId ?? userId) !== userId || !token.accessToken.startsWith('ya29.')) {
      throw new Error(`A wrong result for ${userId}`);
    }
  };
}

function writeOne() {
  // Created in advance: generating random bytes is not measured.
  const tokens = Array.from({ length: 256 }, newTokens);
  const expiresAt = expiresInAnHour();
  let next = 0;
  return () => {
    const { accessToken, refreshToken } = tokens[next++ % tokens.length];
    const userId = randomUser();
    return peer.upsertGmailTokens({
      userId,
      tenantId,
      accessToken,
      refreshToken,
      expiresAt,
      scope,
    });
  };
}

function randomUser() {
  return users[Math.floor(Math.random() * users.length)];
}

function nextUser() {
  let next = 0;
  return () => users[next++ % users.length];
}

process.on('message', async ({ task, argument }) => {
  try {
    const run = await taskOf(task);
    process.send({ result: await run(argument) });
  } catch (error) {
    process.send({ error: error.stack });
  }
});
// Exit if the parent has ended, even if it was killed.
process.on('disconnect', () => process.exit());
