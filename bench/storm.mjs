import { startTokenEndpoint } from '../support/token-endpoint.mjs';
import { newLists } from './compare.mjs';
import { labelOf, present, refreshers } from './peers/index.mjs';
import { Child } from './process/child.mjs';
import { expire } from './rows.mjs';
import { StatementCounter } from './statements.mjs';
import { pairedRatios, percentile, spread } from './statistics.mjs';
import { rotate } from './turns.mjs';

/**
 * A token expires, and all callers of all processes request it at once: measures how long each waits, and which
 * statements the server gets.
 *
 * @param {import('./compare.mjs').Given} given
 */
export async function measureStorms({ plan, database, settings, progress }) {
  const { rounds, processes, callers, endpointMs } = plan.storm;
  const endpoint = await startTokenEndpoint({ delayMs: endpointMs });
  const statements = await StatementCounter.start(database.client);
  const names = present(refreshers, settings);
  const own = { ...settings, tokenUrl: endpoint.url };
  try {
    const fleets = {};
    for (const name of names) fleets[name] = await openFleet(name, processes, own);
    const storms = newLists(names);
    // The first storm connects the pools and is not counted.
    for (let round = 0; round <= rounds; round++) {
      for (const name of rotate(names, round)) {
        progress(`storm: ${round ? `round ${round} of ${rounds}` : 'warm-up'}, ${labelOf(name)}`);
        const storm = await rage(fleets[name], { name, callers, endpoint, database, statements });
        if (round > 0) storms[name].push(storm);
      }
    }
    for (const child of Object.values(fleets).flat()) await child.close();
    return { processes, callers, endpointMs, ...summarise(storms, endpointMs) };
  } finally {
    await statements?.stop();
    await endpoint.close();
  }
}

function openFleet(name, processes, settings) {
  const open = () => Child.open(name, { settings, users: [] });
  return Promise.all(Array.from({ length: processes }, open));
}

/** @param {Child[]} fleet */
async function rage(fleet, { name, callers, endpoint, database, statements }) {
  const userId = `storm-${name}`;
  await expire(database.client, userId, endpoint.issue(), database.encryptionKey);
  const before = endpoint.requests.length;
  await statements?.reset();
  /** @type {import('./process/ask.mjs').Answers[]} */
  const answers = await Promise.all(fleet.map((child) => child.run('ask', { userId, callers })));
  const begin = Math.min(...answers.map((answer) => answer.begin));
  const end = Math.max(...answers.map((answer) => answer.end));
  const failures = answers.flatMap((answer) => answer.failures);
  const waits = Float64Array.from(answers.flatMap((answer) => answer.waits)).sort();
  return {
    allAnsweredMs: end - begin,
    waitP50Ms: percentile(waits, 0.5),
    waitP99Ms: percentile(waits, 0.99),
    statements: await statements?.read(),
    requests: endpoint.requests.length - before,
    distinctTokens: new Set(answers.flatMap((answer) => answer.tokens)).size,
    failures: failures.length,
    ...(failures.length > 0 && { firstFailure: failures[0] }),
  };
}

function summarise(storms, endpointMs) {
  const peers = Object.entries(storms).map(([name, rounds]) => {
    const figures = (figure) => spread(rounds.map(figure));
    const counted = rounds.every((storm) => storm.statements);
    return {
      name,
      label: labelOf(name),
      allAnsweredMs: figures((storm) => storm.allAnsweredMs),
      waitP50Ms: figures((storm) => storm.waitP50Ms),
      waitP99Ms: figures((storm) => storm.waitP99Ms),
      waitP99OverEndpointMs: figures((storm) => storm.waitP99Ms - endpointMs),
      ...(counted && {
        statements: figures((storm) => storm.statements.all),
        ownStatements: figures((storm) => storm.statements.all - storm.statements.framing),
        statementsOfLastStorm: rounds.at(-1).statements.byKind,
      }),
      requests: figures((storm) => storm.requests),
      distinctTokens: figures((storm) => storm.distinctTokens),
      failures: rounds.reduce((sum, storm) => sum + storm.failures, 0),
      firstFailure: rounds.find((storm) => storm.firstFailure)?.firstFailure,
    };
  });
  const times = (name) => storms[name].map((storm) => storm.allAnsweredMs);
  const others = Object.keys(storms).filter((name) => name !== 'tokenkeep');
  const ratios = others.map((name) => [name, pairedRatios(times(name), times('tokenkeep'))]);
  return { peers, ratios: Object.fromEntries(ratios) };
}
