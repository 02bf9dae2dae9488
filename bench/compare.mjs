import { labels } from './peers/index.mjs';
import { Child } from './process/child.mjs';
import { pairedRatios, spread } from './statistics.mjs';

/** The implementations with which all others are compared. */
const subjects = ['tokenkeep', 'tokenkeep-gmail'];

/**
 * Measures implementations in turn, each in its own process, and compares the results of the same round.
 *
 * @param {object} benchmark
 * @param {'read' | 'write'} benchmark.task
 * @param {string[]} benchmark.peers
 * @param {number[]} benchmark.callers
 * @param {import('./plan.mjs').Plan} benchmark.plan
 * @param {import('./database.mjs').Prepared} benchmark.database
 * @param {(text: string) => void} benchmark.progress
 */
export async function compare({ task, peers, callers, plan, database, progress }) {
  const { databaseUrl, encryptionKey, users } = database;
  const settings = { databaseUrl, encryptionKey };
  const children = new Map();
  for (const name of peers) children.set(name, await Child.open(name, { settings, users }));

  const measured = new Map(callers.map((count) => [count, newLists(peers)]));
  for (let round = 0; round < plan.rounds; round++) {
    for (const count of callers) {
      progress(`${task}s: round ${round + 1} of ${plan.rounds}, ${count} callers`);
      for (const name of rotate(peers, round)) {
        const size = { callers: count, warmupMs: plan.warmupMs, measureMs: plan.measureMs };
        measured.get(count)[name].push(await children.get(name).run(task, size));
      }
    }
  }
  for (const child of children.values()) await child.close();
  return callers.map((count) => ({ callers: count, ...summarise(measured.get(count)) }));
}

function newLists(peers) {
  return Object.fromEntries(peers.map((name) => [name, []]));
}

/** Varies the order, so that none is always first or always after the same other. */
function rotate(names, round) {
  const first = round % names.length;
  return [...names.slice(first), ...names.slice(0, first)];
}

/** @param {Record<string, import('./process/load.mjs').Measurement[]>} measured */
function summarise(measured) {
  const peers = Object.entries(measured).map(([name, rounds]) => ({
    name,
    label: labels[name],
    ...spreads(rounds),
  }));
  const ratios = {};
  for (const subject of subjects.filter((name) => name in measured)) {
    ratios[subject] = ratiosOf(measured, subject);
  }
  return { peers, ratios };
}

function spreads(rounds) {
  const entries = Object.keys(rounds[0]).map((figure) => [
    figure,
    spread(rounds.map((round) => round[figure])),
  ]);
  return Object.fromEntries(entries);
}

/** The ratios of throughput and of event loop time. */
function ratiosOf(measured, subject) {
  const figure = (name, key) => measured[name].map((round) => round[key]);
  const others = Object.keys(measured).filter((name) => name !== subject);
  const entries = others.map((name) => [
    name,
    {
      opsPerSecond: pairedRatios(figure(subject, 'opsPerSecond'), figure(name, 'opsPerSecond')),
      loopMicrosPerOp: pairedRatios(
        figure(name, 'loopMicrosPerOp'),
        figure(subject, 'loopMicrosPerOp'),
      ),
    },
  ]);
  return Object.fromEntries(entries);
}
