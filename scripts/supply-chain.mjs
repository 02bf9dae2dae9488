// Where the code that ships comes from: licences, sources and doubles of the crates (deny.toml), what
// package-lock.json says, and that tools from PyPI are what they were. Known vulnerabilities change without a commit, and their database has to
// be fetched: `cargo deny check advisories` belongs to the publish workflow.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run.mjs';

/** The allowed dependencies of the published package. */
const LICENSES = ['Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];

/** Problems of npm's lock file. */
function problems() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const found = [];
  for (const [path, entry] of Object.entries(packages)) {
    const name = path || 'tokenkeep';
    // A host here would be used by everyone who installs.
    if (entry.resolved) found.push(`${name} names a host: ${entry.resolved}`);
    // The addons are published after this file is written.
    if (path && !entry.integrity && !entry.optional) found.push(`${name} has no integrity`);
    const ships = !entry.dev && !entry.devOptional && !entry.peer;
    if (ships && !LICENSES.includes(entry.license)) {
      found.push(`${name} is licensed ${entry.license}`);
    }
  }
  return found;
}

const found = problems();
for (const problem of found) console.error(`package-lock.json: ${problem}`);
if (found.length > 0) process.exit(1);
run(process.execPath, ['--test', '__test__/package/zig.test.mjs']);
run('cargo', ['deny', '--locked', 'check', 'licenses', 'bans', 'sources']);
