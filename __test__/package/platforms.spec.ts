/** The packages as they are published: whose names they have, and which of them the loader loads. */

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addonFile, layOut } from '../../scripts/packages/lay-out.mjs';
import { TARGETS } from '../../scripts/packages/targets.mjs';

const root = join(import.meta.dirname, '../..');
const [addon] = readdirSync(root).filter((name) => name.endsWith('.node'));
const platform = String(addon).split('.')[1];
let work: string;
let folders: string[];

interface Manifest {
  name: string;
  version: string;
  optionalDependencies: Record<string, string>;
  publishConfig?: { access?: string };
}
const manifestOf = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/** This machine's addon is real; those of the others are not looked into. */
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'tokenkeep-platforms-'));
  const addons = join(work, 'addons');
  mkdirSync(addons);
  for (const target of TARGETS) writeFileSync(join(addons, addonFile(target.platform)), '');
  cpSync(join(root, String(addon)), join(addons, String(addon)));
  folders = layOut({ addons, out: join(work, 'packages'), all: true });
}, 300_000);
afterAll(() => rmSync(work, { recursive: true }));

describe('the names', () => {
  it('have our npm scope, except the one that applications import', () => {
    const names = folders.map((folder) => manifestOf(folder).name);
    expect(names.pop()).toBe('tokenkeep');
    expect(names).toHaveLength(TARGETS.length);
    for (const name of names) expect(name).toMatch(/^@tokenkeep\//);
  });

  it('are those that the root package depends on, in its own version', () => {
    const main = manifestOf(String(folders.at(-1)));
    const platforms = folders.slice(0, -1).map((folder) => manifestOf(folder).name);
    expect(main.optionalDependencies).toEqual(
      Object.fromEntries(platforms.map((name) => [name, main.version])),
    );
  });

  it('are published for everybody, though npm keeps scoped packages private by default', () => {
    for (const folder of folders) expect(manifestOf(folder).publishConfig?.access).toBe('public');
  });
});

describe('the loader', () => {
  const modules = () => join(work, 'app/node_modules');
  beforeEach(() => {
    rmSync(join(work, 'app'), { recursive: true, force: true });
    cpSync(String(folders.at(-1)), join(modules(), 'tokenkeep'), { recursive: true });
  });

  function load(before = '') {
    const script = `
      ${before};
      try {
        const { encryptToken, decryptToken } = require('tokenkeep/crypto');
        console.log(JSON.stringify({ opened: decryptToken(encryptToken('text')) }));
      } catch (error) {
        console.log(JSON.stringify({ code: error.code, message: error.message }));
      }`;
    const env = { ...process.env, GMAIL_ENCRYPTION_KEY: '0123456789abcdef'.repeat(4) };
    const options = { cwd: join(work, 'app'), env, encoding: 'utf8' } as const;
    return JSON.parse(execFileSync(process.execPath, ['-e', script], options)) as unknown;
  }

  it("loads the addon from the platform's package", () => {
    const folder = String(folders.find((each) => basename(each) === platform));
    cpSync(folder, join(modules(), manifestOf(folder).name), { recursive: true });
    expect(load()).toEqual({ opened: 'text' });
  });

  it('names no package of another processor, whose name begins like its own', () => {
    const before = `for (const [name, value] of Object.entries({ platform: 'linux', arch: 'arm' })) {
      Object.defineProperty(process, name, { value });
    }`;
    expect(load(before)).toEqual({
      code: 'ERR_TOKENKEEP_NATIVE_MISSING',
      message: expect.stringContaining('There is no native part of tokenkeep for linux-arm, only'),
    });
  });

  it('runs no package outside of our scope, whatever its name', () => {
    const ran = join(work, 'app/ran');
    for (const name of [`tokenkeep-${platform}`, `tokenkeep-native-${platform}`]) {
      mkdirSync(join(modules(), name));
      writeFileSync(join(modules(), name, 'package.json'), '{ "version": "0.1.0" }');
      writeFileSync(
        join(modules(), name, 'index.js'),
        `require('node:fs').writeFileSync(${JSON.stringify(ran)}, '');`,
      );
    }
    expect(load()).toEqual({
      code: 'ERR_TOKENKEEP_NATIVE_MISSING',
      message: expect.stringContaining(`@tokenkeep/native-${platform}`),
    });
    expect(existsSync(ran)).toBe(false);
  });
});
