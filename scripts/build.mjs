// Builds the addon (debug, or --release; --target triple; --keep-release: none, if `npm run build` has made
// one of the same sources) and dist/: CommonJS from TypeScript, and an ES module
// beside each entry that re-exports it, so that both share one native instance and one set of
// classes. tokenkeep/drizzle, which has neither, is compiled twice: drizzle-orm's types for ES modules
// and for CommonJS do not go together. The entries for Effect stand on those before: tokenkeep/effect3
// is compiled twice like that, tokenkeep/effect once, since Effect 4 has only ES modules.
import { chmodSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { builtProfile, hasCurrentRelease, noteBuild } from './built-addon.mjs';
import { providerAnswers } from './provider-answers.mjs';
import { root, run, runBin } from './run.mjs';
import { sbom } from './sbom.mjs';

const require = createRequire(import.meta.url);

/** The entries whose ES modules are compiled. */
const MODULES = ['./drizzle', './drizzle/relations', './effect', './effect3'];

function buildAddon({ release, target }) {
  run('cargo', ['--version']);
  const replaces = !release && builtProfile(root) === 'release';
  const profile = release ? ['--release'] : [];
  const machine = target ? ['--target', target] : [];
  const outputs = ['--platform', '--js', 'native.js', '--dts', 'index.d.ts'];
  runBin('@napi-rs/cli', 'napi', ['build', ...outputs, ...profile, ...machine]);
  noteBuild(root, release ? 'release' : 'debug');
  if (replaces) console.log('The addon was a release build; it is a debug build now.');
}

function buildJavaScript() {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  runBin('typescript', 'tsc', ['-p', 'ts']);
  const answers = join(root, 'dist/testing/token-endpoint/answers.json');
  writeFileSync(answers, JSON.stringify(providerAnswers()));
  chmodSync(join(root, 'dist/cli/main.js'), 0o755);
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const [name, entry] of Object.entries(exports)) {
    if (entry.import && !MODULES.includes(name)) writeModule(join(root, entry.import.default));
  }
  runBin('typescript', 'tsc', ['-p', 'ts/drizzle']);
  writeFileSync(join(root, 'dist/esm/package.json'), '{ "type": "module" }\n');
  compileModules('ts/effect', 'dist/effect4');
  compileModules('ts/effect3/tsconfig.esm.json', 'dist/effect3');
  runBin('typescript', 'tsc', ['-p', 'ts/effect3']);
}

/**
 * Compiles a project to files that are ES modules by their names: a package.json next to them would hide
 * ours, by which they import 'tokenkeep'.
 */
function compileModules(project, folder) {
  runBin('typescript', 'tsc', ['-p', project]);
  for (const file of readdirSync(join(root, folder), { recursive: true })) {
    if (!file.endsWith('.js') && !file.endsWith('.d.ts')) continue;
    const path = join(root, folder, file);
    const text = readFileSync(path, 'utf8').replace(/(['"]\.[^'"]*)\.js(?=['"])/g, '$1.mjs');
    writeFileSync(path.replace(/([jt]s)$/, 'm$1'), text);
    rmSync(path);
  }
}

/** Exports the names of the CommonJS module, so that both are always equal. */
function writeModule(path) {
  const commonjs = path.replace(/\.mjs$/, '.js');
  const names = Object.keys(require(commonjs)).sort();
  const lines = names.map((name) => `export const ${name} = module.${name};`);
  const from = `'./${basename(commonjs)}'`;
  writeFileSync(path, `import module from ${from};\n${lines.join('\n')}\n`);
  writeFileSync(path.replace(/\.mjs$/, '.d.mts'), `export * from ${from};\n`);
}

const { values } = parseArgs({
  options: {
    release: { type: 'boolean', default: false },
    target: { type: 'string' },
    'keep-release': { type: 'boolean', default: false },
  },
});
if (values['keep-release'] && hasCurrentRelease(root)) {
  console.log('The addon is the release build of these sources, and stays.');
} else {
  buildAddon(values);
}
buildJavaScript();
writeFileSync(join(root, 'sbom.cdx.json'), sbom());
