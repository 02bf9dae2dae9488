/**
 * One process of the demo: many callers that request the same token at the same time. Communicates with
 * run.mjs by messages, which contain digests of tokens, never tokens.
 */
import crypto from 'node:crypto';

import { createTokenKeep } from 'tokenkeep';

import { createOldGmailService } from '../support/old-gmail/index.mjs';

/** @typedef {{ waitsMs: number[], digests: string[], failures: string[] }} Answers */

/** `getValidGmailToken` and `close` of either implementation. */
const services = {
  tokenkeep: (options) => {
    const keep = createTokenKeep(options);
    return { ...keep.gmail, close: () => keep.close() };
  },
  handWritten: ({ databaseUrl, gmailEncryptionKey, googleTokenUrl, ...options }) =>
    createOldGmailService({
      databaseUrl,
      encryptionKey: gmailEncryptionKey,
      tokenUrl: googleTokenUrl,
      clientId: options.googleClientId,
      clientSecret: options.googleClientSecret,
    }),
};

let service;
let task;

process.on('message', async (message) => {
  if (message.prepare) {
    task = message.prepare;
    service = services[task.service](task.options);
    process.send({ ready: true });
  }
  if (message.go) {
    const answers = await askAll();
    await service.close();
    process.send(answers, () => process.disconnect());
  }
});
// Exit if run.mjs has ended, even if it was killed.
process.on('disconnect', () => process.exit());

/** @returns {Promise<Answers>} */
async function askAll() {
  const answers = await Promise.all(Array.from({ length: task.callers }, ask));
  const ofAll = (key) =>
    answers.map((answer) => answer[key]).filter((value) => value !== undefined);
  return {
    waitsMs: ofAll('waitMs'),
    digests: [...new Set(ofAll('digest'))],
    failures: ofAll('failure'),
  };
}

async function ask() {
  const start = performance.now();
  try {
    const { accessToken } = await service.getValidGmailToken(task.userId);
    const digest = crypto.createHash('sha256').update(accessToken).digest('hex');
    return { waitMs: performance.now() - start, digest };
  } catch (error) {
    return { waitMs: performance.now() - start, failure: `${error.name}: ${error.message}` };
  }
}
