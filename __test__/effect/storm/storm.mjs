/** Processes full of fibers that refresh the same token and are interrupted. */

import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { createTokenKeep } from '../../../dist/index.js';
import { startTokenEndpoint } from '../../../support/token-endpoint.mjs';
import { makeApplication } from '../application.mjs';

const PROCESSES = 4;
const FIBERS = 100;
const KEY = '11'.repeat(32);
/** Far beyond what a round takes: who has not answered then is left hanging. */
const HANGING_MS = 60_000;

/**
 * Plays so many rounds on a database with the table. What it gives is all zero when all is well, but for
 * what happened.
 *
 * @param {{ version: 'v3' | 'v4', rounds: number, databaseUrl: string }} options
 * @param {(round: number) => void} [progress]
 */
export async function storm({ version, rounds, databaseUrl }, progress = () => {}) {
  const application = makeApplication(version);
  const endpoint = await startTokenEndpoint({ delayMs: 20 });
  const client = new pg.Client({ connectionString: databaseUrl });
  const keep = createTokenKeep({ databaseUrl, tokenkeepKey: KEY });
  /** @type {import('node:child_process').ChildProcess[]} */
  const processes = [];
  const told = { rounds: 0, given: 0, interrupted: 0 };
  const wrong = { requests: 0, failures: 0, otherTokens: 0, hanging: 0, leases: 0, exits: 0 };
  try {
    await client.connect();
    const env = { STORM: JSON.stringify({ databaseUrl, key: KEY, tokenUrl: endpoint.url }) };
    const script = application.copy('storm/process.mjs');
    for (let at = 0; at < PROCESSES; at++) processes.push(fork(script, { env }));
    await Promise.all(processes.map((process) => once(process, 'message')));
    for (; told.rounds < rounds; told.rounds++) {
      await play();
      progress(told.rounds + 1);
    }
    for (const process of processes.splice(0)) {
      process.disconnect();
      const [code] = await once(process, 'exit');
      if (code !== 0) wrong.exits++;
    }
    return { ...told, wrong };
  } finally {
    for (const process of processes) process.kill('SIGKILL');
    await keep.close();
    await client.end();
    await endpoint.close();
    application.remove();
  }

  async function play() {
    const userId = randomUUID();
    const issued = endpoint.issue();
    const token = { ...issued, expiresAt: new Date(Date.now() + 3_600_000) };
    await keep.integration.storeToken(userId, 'acme', token);
    const before = endpoint.requests.length;
    const answers = await Promise.all(processes.map((process) => answerOf(process, userId)));
    const stored = await freed(userId);
    wrong.requests += Math.abs(endpoint.requests.length - before - 1);
    for (const { token, interrupted, failed } of answers.flat()) {
      if (interrupted) told.interrupted++;
      else if (failed) wrong.failures++;
      else if (token === stored) told.given++;
      else wrong.otherTokens++;
    }
  }

  async function answerOf(process, userId) {
    process.send({ userId, fibers: FIBERS });
    const signal = AbortSignal.timeout(HANGING_MS);
    const [{ outcomes }] = await once(process, 'message', { signal }).catch(() => [{}]);
    if (!outcomes) wrong.hanging++;
    return outcomes ?? [];
  }

  /** The stored access token once no lease is left: everybody may have been interrupted. */
  async function freed(userId) {
    const deadline = Date.now() + HANGING_MS;
    for (;;) {
      const { rows } = await client.query(
        'SELECT refreshing_at FROM integration_tokens WHERE user_id = $1',
        [userId],
      );
      const isFree = rows[0].refreshing_at === null;
      if (!isFree && Date.now() > deadline) wrong.leases++;
      else if (!isFree) {
        await sleep(10);
        continue;
      }
      return (await keep.integration.getToken(userId, 'acme')).accessToken;
    }
  }
}
