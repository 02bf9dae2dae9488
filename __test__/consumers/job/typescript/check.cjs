// Compiles the sources as each kind of project does, and runs what came out.
const { execFileSync } = require('node:child_process');
const { cpSync, mkdirSync } = require('node:fs');
const { join } = require('node:path');

const { version } = require('typescript/package.json');

const tsc = require.resolve('typescript/package.json').replace(/package\.json$/, 'bin/tsc');
const common = [
  '--strict',
  '--target',
  'es2022',
  '--lib',
  'es2023',
  '--types',
  'node',
  '--declaration',
];

function compile(out, file, ...options) {
  const args = [tsc, file, '--outDir', out, ...common, ...options];
  execFileSync(process.execPath, args, { stdio: 'inherit' });
}

function run(file) {
  execFileSync(process.execPath, [join(__dirname, 'run.cjs'), file], { stdio: 'inherit' });
}

cpSync(join(__dirname, 'main.ts'), 'main.ts');
for (const extension of ['mts', 'cts']) {
  mkdirSync('out', { recursive: true });
  cpSync(join(__dirname, 'main.ts'), `main.${extension}`);
  compile('out', `main.${extension}`, '--module', 'nodenext');
  run(`./out/main.${extension.replace('t', 'j')}`);
}
compile('out/bundler', 'main.ts', '--module', 'esnext', '--moduleResolution', 'bundler');
// TypeScript 7 has no `node10` any more.
if (version.startsWith('5.')) {
  compile('out/node10', 'main.ts', '--module', 'commonjs', '--moduleResolution', 'node10');
  run('./out/node10/main.js');
}
