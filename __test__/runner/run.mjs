/**
 * Runs scenarios, one after the other, and prints a table for each. Every scenario is a module in a
 * folder; `--short` asks each for a short form, or leaves those out that have `inShort: false`,
 * `--only a,b` runs some, `--json` prints one JSON array instead of tables. Progress goes to stderr.
 */
import { readdir } from 'node:fs/promises';

import { readOptions } from './options.mjs';

/**
 * A module of the folder.
 *
 * @template Line
 * @typedef {object} Scenario
 * @property {string} name
 * @property {boolean} [inShort] false: `--short` runs it only if `--only` names it
 * @property {(options: { short: boolean, progress: (text: string) => void }) => Promise<Line[]>} run
 */

/**
 * Runs what the command line asks for, and sets the exit status: 1 when something failed, 2 for a
 * mistake in the command line.
 *
 * @template Line
 * @param {object} command
 * @param {string} command.name of the npm script
 * @param {URL} command.folder of the scenarios
 * @param {import('./report.mjs').Report<Line>} command.report
 * @param {Record<string, { type: 'boolean', default: boolean }>} [command.options] flags of its own
 * @param {(results: import('./report.mjs').Result<Line>[], flags: Record<string, boolean>) => Promise<void>}
 *   [command.finish] what it does with all results
 */
export async function runScenarios({ name, folder, report, options = {}, finish }) {
  const scenarios = await load(folder);
  const flags = ['short', 'json', ...Object.keys(options)];
  const { short, json, only, ...others } = readOptions({
    usage: `npm run ${name} -- ${flags.map((flag) => `[--${flag}] `).join('')}[--only name,…]`,
    kind: 'scenario',
    names: scenarios.map((scenario) => scenario.name),
    options: {
      short: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      ...options,
    },
  });
  const isMeant = (scenario) =>
    only ? only.includes(scenario.name) : !short || scenario.inShort !== false;
  const results = [];
  for (const scenario of scenarios.filter(isMeant)) {
    const result = await runOne(scenario, short);
    results.push(result);
    if (!json) process.stdout.write(`${report.text(result)}\n\n`);
  }
  if (json) process.stdout.write(`${JSON.stringify(results)}\n`);
  else if (report.summary) process.stdout.write(`${report.summary(results)}\n`);
  await finish?.(results, others);
  process.exitCode = results.some(report.hasFailed) ? 1 : 0;
  // A scenario that threw may have left processes and sockets open.
  if (results.some(({ thrown }) => thrown)) process.exit();
}

/** @param {URL} folder @returns {Promise<Scenario<any>[]>} */
async function load(folder) {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.mjs')).sort();
  return Promise.all(files.map((file) => import(new URL(file, folder).href)));
}

/** @param {Scenario<any>} scenario @param {boolean} short */
async function runOne({ name, run }, short) {
  const seconds = stopwatch();
  const progress = (text) => void process.stderr.write(`· ${name} ${seconds()} s: ${text}\n`);
  let lines = [];
  let thrown;
  try {
    lines = await run({ short, progress });
  } catch (error) {
    thrown = error.stack;
  }
  return { name, seconds: seconds(), lines, thrown };
}

/** Starts to count; each call gives the seconds since then, with one decimal. */
export function stopwatch() {
  const began = performance.now();
  return () => Math.round((performance.now() - began) / 100) / 10;
}
