import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Child } from '../process/child.mjs';
import { pairedRatios, spread } from '../statistics.mjs';
import { findPgbench, pgbench } from './pgbench.mjs';
import { atOnce, scripts } from './scripts.mjs';

/** What pgbench does, and tokenkeep's callers that it is compared with. */
const cases = [
  { name: 'one a round trip, 1 connection', script: 'one', connections: 1, callers: 1 },
  { name: 'one a round trip, 16 connections', script: 'one', connections: 16, callers: 16 },
  {
    name: `${atOnce} in a pipeline, 4 connections`,
    script: 'pipelined',
    connections: 4,
    callers: 256,
  },
  { name: `= ANY (${atOnce}), 4 connections`, script: 'any', connections: 4, callers: 256 },
];

/**
 * The limit: what the server gives to a program in C that only sends the statement and drops the rows, beside
 * tokenkeep in the same rounds. `undefined` if pgbench is not installed.
 *
 * @param {import('../compare.mjs').Given} given
 */
export async function measureLimit({ plan, database, settings, progress }) {
  const program = findPgbench();
  if (!program) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'tokenkeep-pgbench-'));
  const child = await Child.open('tokenkeep', { settings, users: database.users });
  try {
    const texts = scripts(database.users.length);
    const rounds = [];
    for (let round = 0; round < plan.rounds; round++) {
      progress(`limit: round ${round + 1} of ${plan.rounds}`);
      const limits = [];
      for (const { script, connections } of cases) {
        const path = join(folder, `${script}.sql`);
        writeFileSync(path, texts[script].text);
        const { databaseUrl } = settings;
        const seconds = Math.max(1, Math.round(plan.measureMs / 1_000));
        const run = await pgbench(program, { databaseUrl, script: path, connections, seconds });
        limits.push(run * texts[script].rows);
      }
      rounds.push({ limits, ours: await ours(child, plan) });
    }
    return { version: program.version, cases: cases.map((one, at) => summarise(one, at, rounds)) };
  } finally {
    rmSync(folder, { recursive: true });
    await child.close();
  }
}

/** tokenkeep's reads per second, by the number of callers. */
async function ours(child, { warmupMs, measureMs }) {
  const rates = new Map();
  for (const callers of new Set(cases.map((one) => one.callers))) {
    const { opsPerSecond } = await child.run('read', { callers, warmupMs, measureMs });
    rates.set(callers, opsPerSecond);
  }
  return rates;
}

function summarise({ name, callers }, at, rounds) {
  const limits = rounds.map((round) => round.limits[at]);
  const rates = rounds.map((round) => round.ours.get(callers));
  return {
    name,
    callers,
    rowsPerSecond: spread(limits),
    opsPerSecond: spread(rates),
    share: pairedRatios(rates, limits),
  };
}
