/** encrypt and decrypt against those of a hand-written vault. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as tokenkeep from '../../dist/index.js';
import { decrypt, encrypt, generateEncryptionSecret } from '../../dist/vault.js';
import { createCrypto } from '../../support/old-vault/index.mjs';
import { failureOf } from '../helpers/promises';
import { SECRET } from './rows';

const old = createCrypto(SECRET);
let environment: NodeJS.ProcessEnv;
beforeEach(() => {
  environment = { ...process.env };
  process.env['ENCRYPTION_SECRET'] = SECRET;
});
afterEach(() => {
  process.env = environment;
});

const saltOf = (sealed: string) => Buffer.from(sealed, 'base64').subarray(0, 16).toString('hex');

describe('a value', () => {
  it.each([
    ['nothing', ''],
    ['ASCII', 'ya29.a0AfH6SMB'],
    ['Unicode', 'Grüße, 世界 🗝'],
    ['NUL', 'a\0b'],
    ['a lone surrogate', 'a\ud800b'],
    ['a BOM', '\ufeffa'],
    ['a mebibyte', 'x'.repeat(1 << 20)],
  ])('of %s opens on the other side, and is what Node makes of it', async (_, text) => {
    const asNode = Buffer.from(text, 'utf8').toString('utf8');
    expect(await old.decrypt(await encrypt(text))).toBe(asNode);
    expect(await decrypt(await old.encrypt(text))).toBe(asNode);
    expect(await decrypt(await encrypt(text))).toBe(asNode);
  });

  it('never gives the same text twice', async () => {
    const sealed = await Promise.all(Array.from({ length: 100 }, () => encrypt('token')));
    expect(new Set(sealed).size).toBe(100);
    const ivs = sealed.map((text) => Buffer.from(text, 'base64').subarray(16, 28).toString('hex'));
    expect(new Set(ivs).size).toBe(100);
  });

  it('is refused when any part of it was altered, and always in the same words', async () => {
    const bytes = Buffer.from(await encrypt('token'), 'base64');
    const messages = new Set<string>();
    // One bit in salt, IV, tag and ciphertext.
    for (const index of [0, 16, 28, 44]) {
      const altered = Buffer.from(bytes);
      altered[index]! ^= 1;
      const error = await failureOf(decrypt(altered.toString('base64')));
      expect(error).toBeInstanceOf(tokenkeep.DecryptionError);
      messages.add(error.message);
    }
    for (const text of ['', 'token', bytes.subarray(0, 43).toString('base64')]) {
      messages.add((await failureOf(decrypt(text))).message);
    }
    expect(messages.size).toBe(1);
    expect([...messages][0]).toContain('Decryption failed: data may be corrupted or tampered');
  });

  it.each([undefined, null, 7, {}, Buffer.from('a')])('that is %s is refused', async (value) => {
    for (const call of [encrypt, decrypt]) {
      const error = await failureOf(call(value as never));
      expect(error).toBeInstanceOf(tokenkeep.InvalidArgumentError);
      expect(error).toBeInstanceOf(TypeError);
    }
  });
});

describe('a salt', () => {
  it('serves a thousand values and no more', async () => {
    // A secret of its own: what other tests have sealed does not count here.
    process.env['ENCRYPTION_SECRET'] = generateEncryptionSecret();
    const counts = new Map<string, number>();
    const sealed = await Promise.all(Array.from({ length: 2_500 }, () => encrypt('token')));
    for (const salt of sealed.map(saltOf)) counts.set(salt, (counts.get(salt) ?? 0) + 1);
    expect([...counts.values()].sort()).toEqual([1_000, 1_000, 500]);
  });

  it('is new for each value where TOKENKEEP_SALT_REUSE is 0, as in the old vault', async () => {
    process.env['TOKENKEEP_SALT_REUSE'] = '0';
    const sealed = await Promise.all(Array.from({ length: 5 }, () => encrypt('token')));
    expect(new Set(sealed.map(saltOf)).size).toBe(5);
    for (const text of sealed) expect(await old.decrypt(text)).toBe('token');
  });
});
