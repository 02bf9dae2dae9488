/** What demo and tests do with the release build that `npm run build` has made. */

import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { noteBuild } from '../../scripts/built-addon.mjs';

const root = join(import.meta.dirname, '../..');
const ADDON = `tokenkeep.${process.platform}-${process.arch}-test.node`;
/** The compilers, and what takes their place: compiling takes minutes. */
const COMPILERS = {
  typescript: {
    command: 'tsc',
    run: `for (const folder of ['cli', 'esm', 'effect3', 'effect4', 'testing/token-endpoint']) {
        fs.mkdirSync('dist/' + folder, { recursive: true });
      }
      fs.writeFileSync('dist/cli/main.js', '');`,
  },
  '@napi-rs/cli': { command: 'napi', run: `fs.writeFileSync('${ADDON}', 'debug');` },
};
let clone: string;

/** A checkout in which `npm run build` ran. */
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'tokenkeep-clone-'));
  const answers = '__test__/rust/providers/answers';
  for (const name of ['demo', 'scripts', 'support', 'providers', answers, 'Cargo.lock']) {
    cpSync(join(root, name), join(clone, name), { recursive: true });
  }
  const manifest = { name: 'tokenkeep', version: '0.0.0', exports: {}, napi: { targets: [] } };
  writeFileSync(join(clone, 'package.json'), JSON.stringify(manifest));
  mkdirSync(join(clone, 'src'));
  for (const name of ['native.js', ADDON]) writeFileSync(join(clone, name), 'release');
  installCompilers(join(clone, 'node_modules'));
  noteBuild(clone, 'release');
});
afterEach(() => rmSync(clone, { recursive: true }));

function installCompilers(modules: string) {
  mkdirSync(modules);
  const replaced = Object.keys(COMPILERS).map((name) => name.split('/')[0]);
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (replaced.includes(name)) continue;
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  }
  for (const [name, { command, run }] of Object.entries(COMPILERS)) {
    mkdirSync(join(modules, name), { recursive: true });
    const own = JSON.stringify({ bin: { [command]: 'run.cjs' } });
    writeFileSync(join(modules, name, 'package.json'), own);
    writeFileSync(join(modules, name, 'run.cjs'), `const fs = require('node:fs');\n${run}\n`);
  }
}

/** Runs a script, which fails after the build: nothing that runs was built. */
function run(...args: string[]) {
  const options = { cwd: clone, encoding: 'utf8' } as const;
  const { stdout, stderr } = spawnSync(process.execPath, args, options);
  return { addon: readFileSync(join(clone, ADDON), 'utf8'), output: stdout + stderr };
}

it.each([
  ['demo/run.mjs', 'a release build', 'replaces a release build'],
  ['scripts/test.mjs', 'and stays', 'it is a debug build now'],
])('%s keeps it; one of other sources is replaced, and it says so', (script, kept, replaced) => {
  const before = run(script);
  expect(before.output).toContain(kept);
  expect(before.addon).toBe('release');

  writeFileSync(join(clone, 'src/lib.rs'), '// changed');
  const after = run(script);
  expect(after.output).toContain(replaced);
  expect(after.addon).toBe('debug');
});

it('is replaced by who asks for a debug build', () => {
  const { addon, output } = run('scripts/build.mjs');
  expect(addon).toBe('debug');
  expect(output).toContain('it is a debug build now');
});
