// Packs the package as npm does, and checks its size, and that Node, bundlers and TypeScript resolve every
// entry and its types.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root, run, runBin } from './run.mjs';

/** The maximum download sizes of the package and of a platform's addon. */
const ROOT_MAX = 300_000;
const ADDON_MAX = 6_000_000;

const folder = mkdtempSync(join(tmpdir(), 'tokenkeep-package-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

function npmPack(cwd, args) {
  const options = { cwd, encoding: 'utf8', shell: process.platform === 'win32' };
  const pack = ['pack', '--json', '--ignore-scripts', '--loglevel=error'];
  return JSON.parse(execFileSync('npm', [...pack, ...args], options))[0];
}

/** The tarball without addons, which are in the platforms' packages. */
function pack() {
  run(process.execPath, ['scripts/sbom.mjs']);
  const stage = join(folder, 'package');
  for (const { path } of npmPack(root, ['--dry-run']).files) {
    if (!path.endsWith('.node')) cpSync(join(root, path), join(stage, path));
  }
  return npmPack(stage, ['--pack-destination', folder]);
}

const kilobytes = (bytes) => `${(bytes / 1000).toFixed()} kB`;

function expectSmall(what, packed, unpacked, max) {
  console.log(
    `${what}: ${kilobytes(packed)} of ${kilobytes(max)}, unpacked ${kilobytes(unpacked)}`,
  );
  if (packed <= max) return;
  console.error(`${what} is larger than its budget`);
  process.exit(1);
}

const { filename, size, unpackedSize } = pack();
expectSmall('The package', size, unpackedSize, ROOT_MAX);
// A debug build is ten times as large and is never installed.
if (process.argv.includes('--release')) {
  for (const name of readdirSync(root).filter((each) => each.endsWith('.node'))) {
    const addon = readFileSync(join(root, name));
    expectSmall(name, gzipSync(addon).length, addon.length, ADDON_MAX);
  }
}

const tarball = join(folder, filename);
runBin('publint', 'publint', ['run', tarball, '--strict']);
const attw = (args) =>
  runBin('@arethetypeswrong/cli', 'attw', [tarball, '--format=ascii', ...args]);
attw(['--exclude-entrypoints', 'effect']);
// Effect 4 has no CommonJS, and so neither has its entry.
attw(['--entrypoints', 'effect', '--ignore-rules', 'cjs-resolves-to-esm']);
