/** The README's first commands run in a fresh clone, where nothing has been built yet. */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
let clone: string;

beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), 'tokenkeep-clone-'));
  for (const name of ['demo', 'scripts', 'support', 'package.json']) {
    cpSync(join(root, name), join(clone, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'));
});

afterAll(() => rmSync(clone, { recursive: true, force: true }));

// Options are read after all modules are loaded, and before anything is built.
it.each(['demo/run.mjs', 'scripts/test.mjs'])('%s needs no earlier build to start', (script) => {
  const { status, stderr } = spawnSync(process.execPath, [script, '--no-such-option'], {
    cwd: clone,
    encoding: 'utf8',
  });
  expect(stderr).not.toContain('ERR_MODULE_NOT_FOUND');
  expect(status).toBe(2);
});
