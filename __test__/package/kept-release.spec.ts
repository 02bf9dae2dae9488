/** Whether demo and tests use the release build that is there, or build for debugging in its place. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { builtFromSources, hasCurrentRelease, noteBuild } from '../../scripts/built-addon.mjs';

const ADDON = `tokenkeep.${process.platform}-${process.arch}-test.node`;
let checkout: string;
const write = (name: string, text: string) => writeFileSync(join(checkout, name), text);

/** A checkout in which an addon was built. */
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'tokenkeep-built-'));
  mkdirSync(join(checkout, 'src/db'), { recursive: true });
  for (const name of ['src/db/pool.rs', 'Cargo.toml', 'native.js', 'index.d.ts', ADDON]) {
    write(name, name);
  }
});
afterEach(() => rmSync(checkout, { recursive: true }));

describe('a release build', () => {
  beforeEach(() => noteBuild(checkout, 'release'));

  it('is used while the sources are those that it was built from', () => {
    expect(hasCurrentRelease(checkout)).toBe(true);
    write('ts.ts', 'JavaScript is built each time');
    expect(hasCurrentRelease(checkout)).toBe(true);
  });

  it('is used again after a change was taken back', () => {
    write('src/db/pool.rs', 'changed');
    write('src/db/pool.rs', 'src/db/pool.rs');
    expect(hasCurrentRelease(checkout)).toBe(true);
  });

  it.each(['src/db/pool.rs', 'src/db/reads.rs', 'Cargo.toml', 'Cargo.lock', 'index.d.ts'])(
    'is not used after a change of %s',
    (name) => {
      write(name, 'changed');
      expect(hasCurrentRelease(checkout)).toBe(false);
      expect(builtFromSources(checkout)).toBe(false);
    },
  );

  it.each([ADDON, 'native.js'])('is not used without %s', (name) => {
    rmSync(join(checkout, name));
    expect(hasCurrentRelease(checkout)).toBe(false);
  });

  it('is not used if somebody has put another addon in its place', () => {
    write(ADDON, 'an addon that was copied from elsewhere');
    expect(hasCurrentRelease(checkout)).toBe(false);
    expect(builtFromSources(checkout)).toBeUndefined();
  });
});

it('a debug build is never taken for a release build', () => {
  noteBuild(checkout, 'debug');
  expect(hasCurrentRelease(checkout)).toBe(false);
  expect(builtFromSources(checkout)).toBe(true);
});

it('an addon of a fresh clone, which nobody has built, is not taken for one', () => {
  expect(hasCurrentRelease(checkout)).toBe(false);
});
