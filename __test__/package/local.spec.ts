/** The tarball that is installed before anything is published: `npm run pack -- --local`. */

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noteBuild } from '../../scripts/built-addon.mjs';
import { packLocal, warningsFor } from '../../scripts/packages/local.mjs';

const root = join(import.meta.dirname, '../..');
const ADDON = `tokenkeep.${process.platform}-${process.arch}-test.node`;
const OTHER = 'tokenkeep.plan9-mips.node';
let checkout: string;

/** A checkout as `npm run build` leaves it, with addons that nobody loads. */
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'tokenkeep-local-'));
  for (const name of ['package.json', 'README.md', 'LICENSE', 'SECURITY.md', 'CHANGELOG.md']) {
    cpSync(join(root, name), join(checkout, name));
  }
  for (const folder of ['dist', 'migrations', 'target']) mkdirSync(join(checkout, folder));
  for (const name of ['native.js', 'index.d.ts', 'sbom.cdx.json', ADDON, 'dist/index.js']) {
    writeFileSync(join(checkout, name), '');
  }
  noteBuild(checkout, 'release');
  writeFileSync(join(checkout, OTHER), '');
});
afterEach(() => rmSync(checkout, { recursive: true }));

function unpack(tarball: string) {
  execFileSync('tar', ['-xzf', tarball, '-C', checkout]);
  return (path: string) => readFileSync(join(checkout, 'package', path), 'utf8');
}

describe('the local tarball', () => {
  it('has the addon of this machine in it, and no other', () => {
    const read = unpack(packLocal(checkout));
    expect(read(ADDON)).toBe('');
    expect(() => read(OTHER)).toThrow('ENOENT');
  });

  it('needs no package that is not published, runs no script, and cannot be published itself', () => {
    const manifest = JSON.parse(unpack(packLocal(checkout))('package.json'));
    expect(manifest).not.toHaveProperty('dependencies');
    expect(manifest).not.toHaveProperty('optionalDependencies');
    expect(manifest).not.toHaveProperty('devDependencies');
    expect(manifest).not.toHaveProperty('scripts');
    expect(manifest.private).toBe(true);
  });

  it('lies where the one before lay, whose place in a package.json stays right', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const tarball = packLocal(checkout);
    expect(tarball).toBe(join(checkout, `target/tokenkeep-${version}.tgz`));
    writeFileSync(join(checkout, ADDON), 'built anew');
    expect(packLocal(checkout)).toBe(tarball);
    expect(unpack(tarball)(ADDON)).toBe('built anew');
  });

  it.each([ADDON, 'native.js', 'dist', 'sbom.cdx.json'])('is not made without %s', (name) => {
    rmSync(join(checkout, name), { recursive: true });
    expect(() => packLocal(checkout)).toThrow(
      /^Nothing to pack: .* is missing in .*npm run build$/,
    );
  });
});

describe('a warning', () => {
  const warnings = () => warningsFor(checkout);

  it('is not given for what was built for release in one go', () => {
    expect(warnings()).toEqual([]);
  });

  it('is given for a debug build', () => {
    noteBuild(checkout, 'debug');
    expect(warnings()).toEqual([expect.stringContaining('debug build')]);
  });

  it('is given for an addon that was built from other sources', () => {
    mkdirSync(join(checkout, 'src'));
    writeFileSync(join(checkout, 'src/lib.rs'), '// changed after the build');
    expect(warnings()).toEqual([expect.stringContaining('other sources')]);
  });

  it('is given for an addon that was built after dist/', () => {
    const past = new Date(Date.now() - 60_000);
    utimesSync(join(checkout, 'dist/index.js'), past, past);
    expect(warnings()).toEqual([expect.stringContaining('dist/ is older than the addon')]);
  });
});
