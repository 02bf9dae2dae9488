/**
 * The linker that makes the addons of other machines: what it writes runs in every application. Run by
 * `npm run check:supply-chain`, since it needs Python 3.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const zig = join(import.meta.dirname, '../../scripts/targets/zig.mjs');
const work = mkdtempSync(join(tmpdir(), 'tokenkeep-zig-'));
after(() => rmSync(work, { recursive: true }));

/** A package for Python with a command of its name, and nothing else. */
const WHEEL = `
import sys, zipfile
folder, name, version = sys.argv[1:]
info = f'{name}-{version}.dist-info'
with zipfile.ZipFile(f'{folder}/{name}-{version}-py3-none-any.whl', 'w') as wheel:
    wheel.writestr(f'{info}/METADATA', f'Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n')
    wheel.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(f'{name}-{version}.data/scripts/{name.replace("_", "-")}', '#!python\\n')
    wheel.writestr(f'{info}/RECORD', '')
`;

test('zig is not installed when the registry gives another file under its name and version', () => {
  for (const [name, version] of [
    ['cargo_zigbuild', '0.24.0'],
    ['ziglang', '0.17.0'],
  ]) {
    execFileSync('python3', ['-c', WHEEL, work, name, version]);
  }
  const folder = join(work, 'zig');
  const script = `import(${JSON.stringify(zig)}).then((it) => it.installZig(${JSON.stringify(folder)}))`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', script], {
    env: { ...process.env, PIP_NO_INDEX: '1', PIP_FIND_LINKS: work },
    encoding: 'utf8',
  });
  assert.match(stderr, /hash/i);
  assert.notEqual(status, 0);
  assert.ok(!existsSync(join(folder, 'bin/cargo-zigbuild')));
});
