/**
 * What happens to tokens when things go wrong, on a real PostgreSQL with real processes:
 * `npm run test:faults`; `-- --short` for a look in a few minutes, `-- --only matrix,kill` for some
 * scenarios, `-- --json` for one JSON array on stdout.
 *
 * Each line of the table is a fault, and says of all rounds with it together:
 *
 * - rows: how many rows had to be refreshed;
 * - lost: refresh tokens that reached a living process and are not in the row in the end;
 * - doubles: refresh tokens that were spent a second time;
 * - inherent: losses and doubles that no client can avoid, and why; each is proved from what the
 *   provider saw, else it counts as lost or double;
 * - deletions: rows deleted although the provider still honours the grant;
 * - errors: what a caller was told that it should not have been told, and rows that never got a
 *   token.
 *
 * Anything but 0, inherent ones apart, fails the run.
 */
import { readdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { failed, report } from './report.mjs';

const usage = 'npm run test:faults -- [--short] [--json] [--only name,…]';

/** Progress goes to stderr: stdout is for the result. */
const say = (text) => void process.stderr.write(`${text}\n`);

/**
 * One fault's line.
 *
 * @typedef {object} Line
 * @property {string} fault
 * @property {number} rounds
 * @property {number} rows
 * @property {number} lost
 * @property {number} doubles
 * @property {string} inherent '' or why a loss or a double cannot be avoided
 * @property {number} inherentCount
 * @property {number} wrongDeletions
 * @property {number} errors
 *
 * @typedef {object} Scenario
 * @property {string} name
 * @property {(options: { short: boolean, progress: (text: string) => void }) => Promise<Line[]>} run
 */

try {
  process.exitCode = await main(readOptions());
} catch (error) {
  say(error.stack);
  process.exitCode = 1;
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        short: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        only: { type: 'string' },
      },
    });
    return { ...values, only: values.only?.split(',') };
  } catch (error) {
    return { problem: error.message };
  }
}

async function main({ problem, short, json, only }) {
  const scenarios = problem ? [] : await load();
  const names = scenarios.map(({ name }) => name);
  const unknown = only?.find((name) => !names.includes(name));
  if (problem || unknown) {
    say(`${problem ?? `There is no scenario ${unknown}, only ${names.join(', ')}`}\n${usage}`);
    return 2;
  }
  const results = [];
  for (const scenario of scenarios.filter(({ name }) => !only || only.includes(name))) {
    results.push(await runOne(scenario, short));
    if (!json) process.stdout.write(`${report(results.at(-1))}\n\n`);
  }
  if (json) process.stdout.write(`${JSON.stringify(results)}\n`);
  // What a scenario that threw has left behind ends with us.
  if (results.some(({ thrown }) => thrown)) process.exit(1);
  return results.some(failed) ? 1 : 0;
}

/** @returns {Promise<Scenario[]>} */
async function load() {
  const folder = new URL('scenarios/', import.meta.url);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.mjs')).sort();
  return Promise.all(files.map((file) => import(new URL(file, folder).href)));
}

/** @param {Scenario} scenario @param {boolean} short */
async function runOne({ name, run }, short) {
  const began = performance.now();
  const seconds = () => ((performance.now() - began) / 1_000).toFixed(1);
  const progress = (text) => say(`· ${name} ${seconds()} s: ${text}`);
  let lines = [];
  let thrown;
  try {
    lines = await run({ short, progress });
  } catch (error) {
    thrown = error.stack;
  }
  return { name, seconds: Number(seconds()), lines, thrown };
}
