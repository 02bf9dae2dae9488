/**
 * The suite on every major version of PostgreSQL that is supported; in short, what has the SQL of
 * all five stores on the oldest.
 */
import { installPostgres, majors, versionOf } from '../versions/install.mjs';
import { linesOf, runVitest } from '../vitest.mjs';

export const name = 'versions';

const SHORT = `
  gmail/store refresh/refresh migrations/gmail zoho/store zoho/refresh vault/store vault/access-token
  vault/marks-and-deletes calendar/store calendar/refresh integration/store integration/valid`;

/** What has no database, or none of the embedded ones. */
const WITHOUT = `
  types/** package/** docs/** sealing/crypto faults/** testing/types testing/without-addon testing/fake*
  effect/consumers drizzle/consumers http/types`;

/** What reads the server's log as JSON. */
const SINCE_15 = 'query-plans/plans.spec.ts';

/** What sets `transaction_timeout`. */
const SINCE_17 = 'database/limits/transaction-timeout.spec.ts';

const short = wordsOf(SHORT).map((file) => `__test__/${file}.spec.ts`);
const whole = wordsOf(WITHOUT).map((file) => `--exclude=__test__/${file}.spec.ts`);

/** @type {import('../../runner/run.mjs').Scenario<import('../report.mjs').Line>['run']} */
export async function run({ short: isShort, progress }) {
  const lines = [];
  for (const major of isShort ? majors.slice(0, 1) : majors) {
    const folder = await installPostgres(major);
    progress(`PostgreSQL ${versionOf(major)}`);
    const newer = [SINCE_15, SINCE_17].filter((_, index) => Number(major) < [15, 17][index]);
    const older = newer.map((files) => `--exclude=__test__/${files}`);
    const tests = await runVitest(isShort ? short : [...whole, ...older], folder);
    const mode = isShort ? 'what has all SQL' : 'the suite';
    lines.push(...linesOf(tests, () => ({ server: `PostgreSQL ${versionOf(major)}`, mode })));
  }
  return lines;
}

function wordsOf(text) {
  return text.split(/\s+/).filter(Boolean);
}
