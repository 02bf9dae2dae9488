/**
 * The suite on every major version of PostgreSQL that is supported; in short, what has the SQL of
 * all five stores on the oldest.
 */
import { installPostgres, majors, versionOf } from '../versions/install.mjs';
import { linesOf, runVitest } from '../vitest.mjs';

export const name = 'versions';

const SHORT = [
  ...['gmail-store', 'refresh', 'migrate', 'zoho/store', 'zoho/refresh', 'vault/store'],
  ...['vault/concurrency', 'vault/marks-and-deletes', 'calendar/store', 'calendar/refresh'],
  ...['integration/store', 'integration/valid'],
].map((file) => `__test__/${file}.spec.ts`);

/** What has no database, or none of the embedded ones. */
const WITHOUT = [
  ...['types/**', 'package/**', 'vectors/**', 'docs.spec.ts', 'crypto.spec.ts', 'faults/**'],
  ...['testing/types.spec.ts', 'testing/without-addon.spec.ts', 'testing/fake*.spec.ts'],
  ...['effect/consumers.spec.ts', 'drizzle/consumers.spec.ts', 'http/types.spec.ts'],
].map((file) => `--exclude=__test__/${file}`);

/** @type {import('../run.mjs').Subject['run']} */
export async function run({ short, progress }) {
  const lines = [];
  for (const major of short ? majors.slice(0, 1) : majors) {
    const folder = await installPostgres(major);
    progress(`PostgreSQL ${versionOf(major)}`);
    const tests = await runVitest(short ? SHORT : WITHOUT, folder);
    const mode = short ? 'what has all SQL' : 'the suite';
    lines.push(...linesOf(tests, () => ({ server: `PostgreSQL ${versionOf(major)}`, mode })));
  }
  return lines;
}
