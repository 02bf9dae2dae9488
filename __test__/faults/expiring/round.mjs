import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import pg from 'pg';
import { createTokenKeep } from '../../../dist/index.js';

import { openDatabase } from '../../../support/postgres.mjs';
import { startTokenEndpoint } from '../../../support/token-endpoint.mjs';
import { KEY } from '../rows.mjs';

const worker = fileURLToPath(new URL('worker.mjs', import.meta.url));

/** What the workers look for, in milliseconds; every row runs out sooner. */
const EXPIRES_WITHIN_MS = 900_000;

/** Rows that a fault has run over. */
const ROWS = `
  SELECT count(*)::int AS rows,
    count(*) FILTER (WHERE expires_at < now() + interval '50 minutes')::int AS waiting,
    count(*) FILTER (WHERE refreshing_at IS NOT NULL)::int AS leased
  FROM integration_tokens`;

/**
 * Two workers share many rows that run out soon; one is killed in the middle. Its rows are refreshed by
 * the other, once its leases are over.
 *
 * @param {{ rows: number, limitsDivisor: number, concurrency: number }} size
 * @param {(text: string) => void} progress
 */
export async function expiringRound({ rows, limitsDivisor, concurrency }, progress) {
  const server = await openDatabase();
  const databaseUrl = await server.createDatabase(`faults_${randomUUID().replaceAll('-', '')}`);
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  const endpoint = await startTokenEndpoint({ rotate: false, delayMs: 100 });
  const acme = { tokenUrl: endpoint.url, clientId: 'c', clientSecret: 's', rotation: 'never' };
  const options = { databaseUrl, tokenkeepKey: KEY, limitsDivisor, providers: { acme } };
  const keep = createTokenKeep(options);
  await keep.migrate({ stores: ['integration'] });
  await connect(keep, endpoint, rows);
  progress(`${rows} rows are there`);

  const run = { expiresWithin: EXPIRES_WITHIN_MS, concurrency };
  const [survivor, victim] = [start({ options, run }), start({ options, run })];
  while (endpoint.requests.length < rows / 2) await sleep(5);
  victim.child.kill('SIGKILL');
  await once(victim.child, 'close');
  progress(`one worker is killed after ${endpoint.requests.length} requests`);
  const { failed, revoked } = await survivor.result;
  const found = (await database.query(ROWS)).rows[0];
  const again = endpoint.requests.length - rows;
  progress(`the other one is done: ${again} requests more than rows`);
  const users = await database.query('SELECT user_id FROM integration_tokens');
  const lost = await countDead(keep, endpoint, users.rows);

  await keep.close();
  await endpoint.close();
  await database.end();
  await server.stop();
  return {
    rounds: 1,
    rows,
    lost,
    // What the killed worker had under way is asked for again: at a provider that does not rotate
    // that spends nothing.
    doubles: Math.max(0, again - concurrency),
    inherent: '',
    inherentCount: 0,
    wrongDeletions: rows - found.rows,
    errors: found.waiting + found.leased + failed + revoked,
  };
}

async function connect(keep, endpoint, rows) {
  const expiresAt = new Date(Date.now() + EXPIRES_WITHIN_MS / 2);
  for (let done = 0; done < rows; done += 100) {
    const some = Array.from({ length: Math.min(100, rows - done) }, () =>
      keep.integration.storeToken(randomUUID(), 'acme', { ...endpoint.issue(), expiresAt }),
    );
    await Promise.all(some);
  }
}

/** How many rows hold a refresh token that the provider would not take. */
async function countDead(keep, endpoint, users) {
  let dead = 0;
  for (const { user_id: userId } of users) {
    const token = await keep.integration.getToken(userId, 'acme');
    if (!token?.refreshToken || !endpoint.isAlive(token.refreshToken)) dead++;
  }
  return dead;
}

function start(what) {
  const child = spawn(process.execPath, [worker, JSON.stringify(what)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  const result = once(child, 'close').then(() => JSON.parse(text || '{}'));
  return { child, result };
}
