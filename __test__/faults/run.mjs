/**
 * What happens to tokens when things go wrong, on a real PostgreSQL with real processes:
 * `npm run test:faults`; `-- --short` for a few minutes, `-- --only matrix,kill` for some scenarios,
 * `-- --json` for one JSON array on stdout.
 *
 * Each line of the table is a fault, and counts over all rounds with it:
 *
 * - rows: how many rows had to be refreshed;
 * - lost: refresh tokens that reached a living process and are not in the row in the end;
 * - doubles: refresh tokens that were sent a second time;
 * - inherent: losses and doubles that no client can avoid, and why; each is proved from what the
 *   provider saw, else it counts as lost or double;
 * - deletions: rows deleted although the provider still honours the grant;
 * - errors: answers that a caller should not have got, and rows that never got a token.
 *
 * Anything but 0, inherent ones apart, fails the run.
 */
import { runScenarios } from '../runner/run.mjs';
import { report } from './report.mjs';

await runScenarios({
  name: 'test:faults',
  folder: new URL('scenarios/', import.meta.url),
  report,
});
