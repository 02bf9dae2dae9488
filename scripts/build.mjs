// Builds the addon (debug, or --release) and dist/: CommonJS from TypeScript, and an ES module
// beside each entry that re-exports it, so that both share one native instance and one set of
// classes.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error?.code === 'ENOENT' && command === 'cargo') {
    console.error(
      'tokenkeep is built from source here and needs Rust (cargo) 1.88 or newer; install it from rustup.rs',
    );
    process.exit(1);
  }
  if (status !== 0) process.exit(status ?? 1);
}

/** The file behind a dependency's command: runs the same on every system. */
function bin(dependency, command) {
  const manifest = require.resolve(`${dependency}/package.json`);
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8'));
  return join(dirname(manifest), typeof bin === 'string' ? bin : bin[command]);
}

function buildAddon(release) {
  run('cargo', ['--version']);
  const args = ['build', '--platform', '--js', 'native.js', '--dts', 'index.d.ts'];
  run(process.execPath, [
    bin('@napi-rs/cli', 'napi'),
    ...args,
    ...(release ? ['--release'] : []),
  ]);
}

function buildFaces() {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  run(process.execPath, [bin('typescript', 'tsc'), '-p', 'ts']);
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const entry of Object.values(exports)) {
    if (entry.import) writeModule(join(root, entry.import.default));
  }
}

/** Names are read off the CommonJS module: the two can never differ. */
function writeModule(path) {
  const commonjs = path.replace(/\.mjs$/, '.js');
  const names = Object.keys(require(commonjs)).sort();
  const file = commonjs.slice(commonjs.lastIndexOf('/') + 1);
  const lines = names.map((name) => `export const ${name} = module.${name};`);
  writeFileSync(path, `import module from './${file}';\n${lines.join('\n')}\n`);
  writeFileSync(path.replace(/\.mjs$/, '.d.mts'), `export * from './${file}';\n`);
}

buildAddon(process.argv.includes('--release'));
buildFaces();
