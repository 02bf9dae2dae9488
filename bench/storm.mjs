import { startTokenEndpoint } from '../support/token-endpoint.mjs';
import { labels, refreshers } from './peers/index.mjs';
import { Child } from './process/child.mjs';
import { expire } from './rows.mjs';
import { pairedRatios, spread } from './statistics.mjs';

/**
 * A token expires, and every caller of every process asks for it at once.
 *
 * @param {{ plan: import('./plan.mjs').Plan, database: import('./database.mjs').Prepared,
 *   progress: (text: string) => void }} benchmark
 */
export async function measureStorms({ plan, database, progress }) {
  const { rounds, processes, callers, endpointMs } = plan.storm;
  const endpoint = await startTokenEndpoint({ delayMs: endpointMs });
  const { databaseUrl, encryptionKey } = database;
  const settings = { databaseUrl, encryptionKey, tokenUrl: endpoint.url };
  try {
    const fleets = {};
    for (const name of refreshers) fleets[name] = await openFleet(name, processes, settings);
    const storms = Object.fromEntries(refreshers.map((name) => [name, []]));
    // The first storm connects the pools: it is not counted.
    for (let round = 0; round <= rounds; round++) {
      for (const name of refreshers) {
        progress(`storm: ${round ? `round ${round} of ${rounds}` : 'warm-up'}, ${labels[name]}`);
        const storm = await rage(fleets[name], { name, callers, endpoint, database });
        if (round > 0) storms[name].push(storm);
      }
    }
    for (const child of Object.values(fleets).flat()) await child.close();
    return { processes, callers, endpointMs, ...summarise(storms) };
  } finally {
    await endpoint.close();
  }
}

function openFleet(name, processes, settings) {
  const open = () => Child.open(name, { settings, users: [] });
  return Promise.all(Array.from({ length: processes }, open));
}

/** @param {Child[]} fleet */
async function rage(fleet, { name, callers, endpoint, database }) {
  const userId = `storm-${name}`;
  await expire(database.client, userId, endpoint.issue(), database.encryptionKey);
  const before = endpoint.requests.length;
  /** @type {import('./process/ask.mjs').Answers[]} */
  const answers = await Promise.all(fleet.map((child) => child.run('ask', { userId, callers })));
  const begin = Math.min(...answers.map((answer) => answer.begin));
  const end = Math.max(...answers.map((answer) => answer.end));
  const failures = answers.flatMap((answer) => answer.failures);
  return {
    allAnsweredMs: end - begin,
    requests: endpoint.requests.length - before,
    distinctTokens: new Set(answers.flatMap((answer) => answer.tokens)).size,
    failures: failures.length,
    ...(failures.length > 0 && { firstFailure: failures[0] }),
  };
}

function summarise(storms) {
  const peers = Object.entries(storms).map(([name, rounds]) => ({
    name,
    label: labels[name],
    allAnsweredMs: spread(rounds.map((storm) => storm.allAnsweredMs)),
    requests: spread(rounds.map((storm) => storm.requests)),
    distinctTokens: spread(rounds.map((storm) => storm.distinctTokens)),
    failures: rounds.reduce((sum, storm) => sum + storm.failures, 0),
    firstFailure: rounds.find((storm) => storm.firstFailure)?.firstFailure,
  }));
  const times = (name) => storms[name].map((storm) => storm.allAnsweredMs);
  return { peers, ratio: pairedRatios(times('drizzle'), times('tokenkeep')) };
}
