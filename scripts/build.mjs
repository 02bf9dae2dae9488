// Builds the addon (debug, or --release) and dist/: CommonJS from TypeScript, and an ES module
// beside each entry that re-exports it, so that both share one native instance and one set of
// classes. tokenkeep/drizzle, which has neither, is compiled twice: drizzle-orm's types for ES modules
// and for CommonJS do not go together.
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { root, run, runBin } from './run.mjs';

const require = createRequire(import.meta.url);

function buildAddon(release) {
  run('cargo', ['--version']);
  const profile = release ? ['--release'] : [];
  const outputs = ['--platform', '--js', 'native.js', '--dts', 'index.d.ts'];
  runBin('@napi-rs/cli', 'napi', ['build', ...outputs, ...profile]);
}

function buildFaces() {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  runBin('typescript', 'tsc', ['-p', 'ts']);
  chmodSync(join(root, 'dist/cli/main.js'), 0o755);
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const entry of Object.values(exports)) {
    if (entry.import?.default.endsWith('.mjs')) writeModule(join(root, entry.import.default));
  }
  runBin('typescript', 'tsc', ['-p', 'ts/drizzle']);
  writeFileSync(join(root, 'dist/esm/package.json'), '{ "type": "module" }\n');
}

/** Names are read off the CommonJS module: the two can never differ. */
function writeModule(path) {
  const commonjs = path.replace(/\.mjs$/, '.js');
  const names = Object.keys(require(commonjs)).sort();
  const lines = names.map((name) => `export const ${name} = module.${name};`);
  const from = `'./${basename(commonjs)}'`;
  writeFileSync(path, `import module from ${from};\n${lines.join('\n')}\n`);
  writeFileSync(path.replace(/\.mjs$/, '.d.mts'), `export * from ${from};\n`);
}

buildAddon(process.argv.includes('--release'));
buildFaces();
