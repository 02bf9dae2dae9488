// Every entry of the package loads, in both ways, and fits the types of the libraries that the application
// has; one of them does the job.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { job } from '../index.cjs';

// The application's own modules, not those of this folder.
const require = createRequire(join(process.cwd(), 'package.json'));
const { exports } = require('tokenkeep/package.json');
const [major] = require('effect/package.json').version.split('.');
const other = major === '3' ? './effect' : './effect3';

const entries = Object.keys(exports).filter((name) => !name.endsWith('.json') && name !== other);
assert.ok(entries.length >= 11, entries.join());
for (const entry of entries) {
  const name = `tokenkeep${entry.slice(1)}`;
  const module = await import(name);
  assert.ok(Object.keys(module).length > 0, name);
  if (exports[entry].require) {
    const names = Object.keys(require(name));
    assert.deepEqual(
      names.filter((each) => !(each in module)),
      [],
      name,
    );
  }
}
await assert.rejects(import(`tokenkeep${other.slice(1)}`), { code: 'ERR_TOKENKEEP_CONFIGURATION' });

await job(await import('tokenkeep/gmail'));

const typescript = dirname(require.resolve('typescript/package.json'));
const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext'];
const types = ['--types', 'node', '--skipLibCheck'];
const files = ['stores', 'drizzle', `effect${major}`].map((name) => `job/entries/${name}.mts`);
const args = [join(typescript, 'bin/tsc'), ...options, ...types, ...files];
execFileSync(process.execPath, args, { stdio: 'inherit' });
