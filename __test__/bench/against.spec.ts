/** The older build that `npm run bench -- --against CHECKOUT` measures. */

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { olderCheckout } from '../../bench/checkout.mjs';
import { libraryOf } from '../../bench/library.mjs';

const root = join(import.meta.dirname, '../..');
const ADDON = `tokenkeep.${process.platform}-${process.arch}-test.node`;
const DEBUG_BYTES = 40_000_000;
let folder: string;
const write = (name: string, content: string | Buffer) =>
  writeFileSync(join(folder, name), content);

/** A checkout of an older version, built. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tokenkeep-older-'));
  mkdirSync(join(folder, 'dist'));
  const exports = { '.': { require: './dist/index.js' } };
  write('package.json', JSON.stringify({ name: 'tokenkeep', exports }));
  write('dist/index.js', 'module.exports = { older: true };');
  write(ADDON, 'addon');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('an older checkout', () => {
  it('gives its own library, whatever else is installed', () => {
    expect(olderCheckout(folder)).toMatchObject({ path: folder, addon: { debug: false } });
    expect(libraryOf(folder)('tokenkeep')).toEqual({ older: true });
    expect(libraryOf()('tokenkeep')).toHaveProperty('createTokenKeep');
  });

  it('is known to be a debug build by its size', () => {
    write(ADDON, Buffer.alloc(DEBUG_BYTES));
    expect(olderCheckout(folder).addon.debug).toBe(true);
  });

  it.each([ADDON, 'dist/index.js'])('is refused if it is not built: without %s', (name) => {
    rmSync(join(folder, name));
    expect(() => olderCheckout(folder)).toThrow(`${folder} is not built. Run there: npm ci`);
  });

  it('is refused if it is no checkout of tokenkeep, or does not exist', () => {
    write('package.json', '{ "name": "another" }');
    expect(() => olderCheckout(folder)).toThrow(`${folder} is no checkout of tokenkeep`);
    const missing = join(folder, 'missing');
    expect(() => olderCheckout(missing)).toThrow(`${missing} is no checkout of tokenkeep`);
  });

  it('is not this one, which would be compared with itself', () => {
    const link = join(folder, 'link');
    symlinkSync(root, link, 'junction');
    expect(() => olderCheckout(link)).toThrow('is this checkout itself');
  });
});
