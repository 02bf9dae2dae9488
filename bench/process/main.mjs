/** A process with one implementation, which runs its parent's tasks one at a time. */
import { openPeer } from '../peers/index.mjs';
import { expiresInAnHour, newTokens, scope, tenantId } from '../rows.mjs';
import { load } from './load.mjs';
import { ask } from './ask.mjs';
import { effectTasks } from './effect.mjs';
import { expiring } from './expiring.mjs';
import { seal } from './seal.mjs';
import { vaultTasks } from './vault.mjs';
import { walk } from './walk.mjs';

/** @type {import('../peers/index.mjs').Peer} */
let peer;
let users = [];

const tasks = {
  async open({ name, settings, users: ids }) {
    process.env.DATABASE_URL = settings.databaseUrl;
    process.env.GMAIL_ENCRYPTION_KEY = settings.encryptionKey;
    users = ids;
    peer = await openPeer(name, settings);
  },
  read: (size) => load(readOne, size),
  write: (size) => load(writeOne(), size),
  ask: ({ userId, callers }) => ask(peer, userId, callers),
  expiring: (options) => expiring(peer, options),
  walk: (argument) => walk(peer, argument),
  seal,
  ...vaultTasks,
  ...effectTasks,
  close: () => peer?.close(),
};

async function readOne() {
  const userId = randomUser();
  const token = await peer.getValidGmailToken(userId);
  // The integration store's tokens do not contain the user.
  if ((token.userId ?? userId) !== userId || !token.accessToken.startsWith('ya29.')) {
    throw new Error(`A wrong result for ${userId}`);
  }
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

process.on('message', async ({ task, argument }) => {
  try {
    process.send({ result: await tasks[task](argument) });
  } catch (error) {
    process.send({ error: error.stack });
  }
});
// Exit if the parent has ended, even if it was killed.
process.on('disconnect', () => process.exit());
