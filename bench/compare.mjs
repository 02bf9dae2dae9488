import { labelOf, present, subjects } from './peers/index.mjs';
import { Child } from './process/child.mjs';
import { pairedRatios, spread } from './statistics.mjs';
import { rotate } from './turns.mjs';

/**
 * Everything that a benchmark is given.
 *
 * @typedef {object} Given
 * @property {import('./plan.mjs').Plan} plan
 * @property {import('./database.mjs').Prepared} database
 * @property {import('./peers/index.mjs').Settings} settings of the peers
 * @property {(text: string) => void} progress
 */

/** What a process is asked to do, beside the durations. @typedef {{ callers?: number, perSecond?: number }} Load */

/** @param {number[]} counts @returns {Load[]} */
export const callersOf = (counts) => counts.map((callers) => ({ callers }));

/**
 * Measures implementations in turn, each in its own process, and compares the results of the same round.
 *
 * @param {Given & { title: string, task: string, peers: string[], loads: Load[],
 *   whileConnected?: () => Promise<void> }} benchmark
 */
export async function compare({ title, task, peers, loads, whileConnected, ...given }) {
  const { plan, database, settings, progress } = given;
  const { rounds, warmupMs, measureMs } = plan;
  const names = present(peers, settings);
  const children = await openAll(names, { settings, users: database.users });
  const measured = new Map(loads.map((load) => [load, newLists(names)]));
  for (let round = 0; round < rounds; round++) {
    for (const load of loads) {
      progress(`${title}: round ${round + 1} of ${rounds}, ${describe(load)}`);
      for (const name of rotate(names, round)) {
        const size = { ...load, warmupMs, measureMs };
        measured.get(load)[name].push(await children.get(name).run(task, size));
      }
    }
  }
  await whileConnected?.();
  for (const child of children.values()) await child.close();
  return loads.map((load) => ({ ...load, ...summarise(measured.get(load)) }));
}

/** @param {Load} load */
export function describe({ callers, perSecond }) {
  if (perSecond) return `${perSecond} calls a second`;
  return callers === 1 ? '1 caller' : `${callers} callers`;
}

/** A process for each, by name. */
export async function openAll(names, argument) {
  const children = new Map();
  for (const name of names) children.set(name, await Child.open(name, argument));
  return children;
}

export function newLists(names) {
  return Object.fromEntries(names.map((name) => [name, []]));
}

/** @param {Record<string, import('./process/meter.mjs').Measurement[]>} measured */
function summarise(measured) {
  const peers = Object.entries(measured).map(([name, rounds]) => ({
    name,
    label: labelOf(name),
    ...spreads(rounds),
  }));
  const ratios = {};
  for (const subject of subjects) {
    if (subject in measured) ratios[subject] = ratiosOf(measured, subject);
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

/** How much better the subject is than each other, in each figure: more throughput, less time. */
function ratiosOf(measured, subject) {
  const figures = (name, key) => measured[name].map((round) => round[key]);
  const more = (name, key) => pairedRatios(figures(subject, key), figures(name, key));
  const less = (name, key) => pairedRatios(figures(name, key), figures(subject, key));
  const others = Object.keys(measured).filter((name) => name !== subject);
  const entries = others.map((name) => [
    name,
    {
      opsPerSecond: more(name, 'opsPerSecond'),
      loopMicrosPerOp: less(name, 'loopMicrosPerOp'),
      cpuMsPer1k: less(name, 'cpuMsPer1k'),
    },
  ]);
  return Object.fromEntries(entries);
}
