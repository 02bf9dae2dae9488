/** Runtimes that forbid to load addons, or to read them: the error says so, and what allows it. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
// Node 24 dropped "experimental".
const PERMISSION = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';
const readable = (...paths: string[]) => paths.map((path) => `--allow-fs-read=${join(ROOT, path)}`);

const EVALUATED = `try {
  require(${JSON.stringify(join(ROOT, 'dist/index.js'))});
  console.log('loaded');
} catch ({ name, code, message }) {
  console.log(name, code, message);
}`;

/** What an application of a process with these flags is told. */
function told(...flags: string[]): string {
  const args = [...flags, '--eval', EVALUATED];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  return stdout.trim();
}

it.each([
  [
    'the permission model without --allow-addons',
    [PERMISSION, '--allow-fs-read=*'],
    /permission model.*forbids addons.*Start Node with --allow-addons/,
  ],
  ['--no-addons', ['--no-addons'], /runs with --no-addons.*Start it without/],
  [
    'the permission model where the addon’s loader may not be read',
    [PERMISSION, '--allow-addons', ...readable('dist/*', 'package.json')],
    /permission model.*forbids reading.*Start Node with --allow-fs-read/,
  ],
])('%s', (_, flags, expected) => {
  const text = told(...flags);
  expect(text).toMatch(/^NativeMissingError ERR_TOKENKEEP_NATIVE_MISSING /);
  expect(text).toMatch(expected);
  expect(text).not.toMatch(/install|build/i);
});

it('what the error says is enough', () => {
  expect(told(PERMISSION, '--allow-fs-read=*', '--allow-addons')).toBe('loaded');
});
