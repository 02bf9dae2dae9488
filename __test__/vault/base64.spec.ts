/** Which base64 is taken: what Node's decoder takes, as Node takes it. */

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decrypt } from '../../dist/vault.js';
import { SECRET, encrypt } from './rows';

beforeAll(() => {
  process.env['ENCRYPTION_SECRET'] = SECRET;
});
afterAll(() => {
  delete process.env['ENCRYPTION_SECRET'];
});

describe('base64', () => {
  /** Opens it if and only if Node's decoder gives the very bytes that were sealed. */
  async function asNodeDoes(text: string, bytes: Buffer): Promise<void> {
    const isWhole = Buffer.from(text, 'base64').equals(bytes);
    const opened = await decrypt(text).catch(() => undefined);
    expect([text, opened]).toEqual([text, isWhole ? 'token' : undefined]);
  }

  it('is taken as Node takes it: either alphabet, unpadded, with anything in between', async () => {
    const sealed = await encrypt('token');
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
    const sealed = await encrypt('token');
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
