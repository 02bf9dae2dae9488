/** encrypt and decrypt against those of a hand-written vault. */

import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as tokenkeep from '../../dist/index.js';
import { decrypt, encrypt, generateEncryptionSecret } from '../../dist/vault.js';
import { createCrypto } from '../../support/old-vault/index.mjs';
import { failureOf, printed } from '../helpers/promises';
import { OTHER_SECRET, SECRET } from './rows';

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

describe('base64', () => {
  /** Opens it if and only if Node's decoder gives the very bytes that were sealed. */
  async function asNodeDoes(text: string, bytes: Buffer): Promise<void> {
    const isWhole = Buffer.from(text, 'base64').equals(bytes);
    const opened = await decrypt(text).catch(() => undefined);
    expect([text, opened]).toEqual([text, isWhole ? 'token' : undefined]);
  }

  it('is taken as Node takes it: either alphabet, unpadded, with anything in between', async () => {
    const sealed = await old.encrypt('token');
    const bytes = Buffer.from(sealed, 'base64');
    // What does not belong to an alphabet, and what is looked at by its lower byte: U+0141 is an A.
    const strangers = ['\n', '\r\n', ' ', '\t', '.', '*', '\0', 'é', '\u2028', '🗝', '\u0141'];
    const texts = [
      sealed,
      bytes.toString('base64url'),
      sealed.replace(/=+$/, ''),
      `${sealed}=`,
      `${sealed}garbage`,
      `${sealed}=====`,
      sealed.replace(/.{64}/g, '$&\r\n'),
      `  ${sealed}\n`,
      `=${sealed}`,
      `${sealed}${sealed}`,
      ...strangers.map((stranger) => sealed.slice(0, -8) + stranger + sealed.slice(-8)),
      ...['=', '-', '_', '+', '/'].map((part) => sealed.slice(0, -8) + part + sealed.slice(-8)),
    ];
    for (const text of texts) await asNodeDoes(text, bytes);
    // Some of them do open, and some do not.
    expect(texts.filter((text) => Buffer.from(text, 'base64').equals(bytes)).length).toBe(18);
  });

  it('of thousands of values that were written over at random is taken as Node takes it', async () => {
    const sealed = await old.encrypt('token');
    const bytes = Buffer.from(sealed, 'base64');
    const pool = [...'AZaz09+/-_= \n.é\u0141\u013d', ''];
    const pick = (count: number) => randomBytes(4).readUInt32LE() % count;
    // Not in the salt: each other one would have to be derived.
    const saltEnds = 22;
    for (let round = 0; round < 3_000; round++) {
      const at = saltEnds + pick(sealed.length - saltEnds);
      const put = pool[pick(pool.length)]!;
      await asNodeDoes(sealed.slice(0, at) + put + sealed.slice(at + pick(2)), bytes);
    }
  });
});

describe('ENCRYPTION_SECRET', () => {
  it.each([
    ['missing', undefined, 'ENCRYPTION_SECRET environment variable is required'],
    ['empty', '', 'ENCRYPTION_SECRET environment variable is required'],
    ['short', 'x'.repeat(31), 'ENCRYPTION_SECRET must be at least 32 characters'],
  ])('that is %s is said in the words of the old vault', async (_, secret, text) => {
    if (secret === undefined) delete process.env['ENCRYPTION_SECRET'];
    else process.env['ENCRYPTION_SECRET'] = secret;
    const sealed = await old.encrypt('token');
    for (const call of [() => encrypt('token'), () => decrypt(sealed)]) {
      const error = await failureOf(call());
      expect(error).toBeInstanceOf(tokenkeep.ConfigurationError);
      expect(error.message).toBe(text);
    }
    expect((await failureOf(createCrypto(secret).encrypt('token'))).message).toBe(text);
  });

  it('is read at each call', async () => {
    const sealed = await encrypt('token');
    process.env['ENCRYPTION_SECRET'] = OTHER_SECRET;
    expect(await failureOf(decrypt(sealed))).toBeInstanceOf(tokenkeep.DecryptionError);
    const other = await encrypt('token');
    expect(await createCrypto(OTHER_SECRET).decrypt(other)).toBe('token');
    process.env['ENCRYPTION_SECRET'] = SECRET;
    expect(await decrypt(sealed)).toBe('token');
  });

  it('has a predecessor that opens, and seals nothing', async () => {
    const sealed = await old.encrypt('token');
    process.env['ENCRYPTION_SECRET'] = OTHER_SECRET;
    process.env['ENCRYPTION_SECRET_PREVIOUS'] = SECRET;
    expect(await decrypt(sealed)).toBe('token');
    const other = await encrypt('token');
    expect(await createCrypto(OTHER_SECRET).decrypt(other)).toBe('token');
    expect((await failureOf(old.decrypt(other))).message).toContain('Decryption failed');
  });

  it('has 32 characters as JavaScript counts them, and may be any', async () => {
    const secret = '🗝'.repeat(16);
    process.env['ENCRYPTION_SECRET'] = secret;
    expect(await createCrypto(secret).decrypt(await encrypt('token'))).toBe('token');
    expect(await decrypt(await createCrypto(secret).encrypt('token'))).toBe('token');
  });

  it('is never printed', async () => {
    for (const variable of ['ENCRYPTION_SECRET', 'ENCRYPTION_SECRET_PREVIOUS']) {
      process.env[variable] = 'hunter2';
      const error = await failureOf(encrypt('token'));
      expect(error.message).toContain(variable);
      expect(printed(error)).not.toContain('hunter2');
      process.env['ENCRYPTION_SECRET'] = SECRET;
    }
  });

  it('can be made: 32 random bytes in base64', () => {
    const [one, other] = [generateEncryptionSecret(), generateEncryptionSecret()];
    expect(one).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(one).not.toBe(other);
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
