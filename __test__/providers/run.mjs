/**
 * The integration store against authorization servers that others wrote: `npm run test:providers`;
 * `-- --short` for those that install in seconds, `-- --only canaille,glewlwyd` for some, `-- --json` for
 * one JSON array on stdout, `-- --write` to write what was seen into docs/providers-tested.md.
 *
 * Each server is installed into target/providers, from the versions and hashes that its folder in
 * `servers/` pins, and started on loopback. Those of Debian must be installed. A line of a table is a
 * check with what was seen; anything else than its scenario expects fails the run. Below all tables
 * stands a matrix: one line a server, one column a check.
 */
import { readFile, writeFile } from 'node:fs/promises';

import { runScenarios } from '../runner/run.mjs';
import { documentWith } from './document.mjs';
import { report } from './report.mjs';

const document = new URL('../../docs/providers-tested.md', import.meta.url);

await runScenarios({
  name: 'test:providers',
  folder: new URL('scenarios/', import.meta.url),
  report,
  options: { write: { type: 'boolean', default: false } },
  finish: async (results, { write }) => {
    if (!write) return;
    if (results.some(report.hasFailed)) throw new Error('A run that has failed is not written');
    await writeFile(document, documentWith(await readFile(document, 'utf8'), results));
  },
});
