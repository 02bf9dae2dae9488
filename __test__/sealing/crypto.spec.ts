import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decryptToken, encryptToken } from '../../dist/crypto.js';
import { ConfigurationError, DecryptionError, InvalidArgumentError } from '../../dist/index.js';
import { open, seal } from '../helpers/gmail-format';

const KEY = '00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210';
const OTHER = 'f0e1d2c3b4a5968778695a4b3c2d1e0ffedcba98765432100123456789abcdef';

beforeEach(() => {
  // Nothing here needs a database: sealing must work without one.
  delete process.env['DATABASE_URL'];
  process.env['GMAIL_ENCRYPTION_KEY'] = KEY;
});
afterEach(() => void delete process.env['GMAIL_ENCRYPTION_KEY']);

const withKeys = <T>(keys: string, work: () => T): T => {
  process.env['GMAIL_ENCRYPTION_KEY'] = keys;
  return work();
};

const thrownBy = (work: () => unknown): Error & { code?: string } => {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  return expect.fail('must throw');
};

const texts: [string, string][] = [
  ['an empty string', ''],
  ['ASCII', 'ya29.a0AfH6SMBx-_~+/='],
  ['colons', 'a:b:c:'],
  ['a NUL byte', 'a\0b'],
  ['Unicode', 'Grüße, 世界, Ω≈ç√'],
  ['astral characters', '🗝️ 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 👩‍👩‍👧‍👦'],
  ['a byte order mark', '\ufefftoken\ufeff'],
  ['64 KiB', 'x'.repeat(64 * 1024)],
  ['64 KiB of three-byte characters', '世'.repeat(64 * 1024)],
];

describe('what is sealed here', () => {
  it.each(texts)('opens with Node: %s', (_, text) => {
    expect(open(encryptToken(text), KEY)).toBe(text);
  });

  it.each(texts)('opens here: %s', (_, text) => {
    expect(decryptToken(encryptToken(text))).toBe(text);
  });

  it('has the form of the seed: lower-case hex of IV, tag and ciphertext', () => {
    expect(encryptToken('12345')).toMatch(/^[0-9a-f]{24}:[0-9a-f]{32}:[0-9a-f]{10}$/);
    expect(encryptToken('')).toMatch(/^[0-9a-f]{24}:[0-9a-f]{32}:$/);
  });

  it('has an IV of its own every time', () => {
    const sealed = Array.from({ length: 1_000 }, () => encryptToken('token'));
    expect(new Set(sealed.map((text) => text.split(':')[0])).size).toBe(1_000);
  });

  it.each([
    ['a high one', 'a\ud800b'],
    ['a low one', 'a\udc00b'],
    ['the wrong order', '\udc00\ud800'],
    ['one at the end', 'ab\udbff'],
  ])('keeps a lone surrogate as Node does, as U+FFFD: %s', (_, text) => {
    const asNode = Buffer.from(text, 'utf8').toString('utf8');
    expect(open(encryptToken(text), KEY)).toBe(asNode);
    expect(decryptToken(encryptToken(text))).toBe(asNode);
    expect(decryptToken(seal(text, KEY))).toBe(asNode);
  });
});

describe('what Node has sealed', () => {
  it.each(texts)('opens here: %s', (_, text) => {
    expect(decryptToken(seal(text, KEY))).toBe(text);
  });

  it('opens in upper case, too', () => {
    expect(decryptToken(seal('token', KEY).toUpperCase())).toBe('token');
  });
});

describe('random texts under random keys', () => {
  it('open on either side', () => {
    for (let round = 0; round < 500; round++) {
      const key = randomBytes(32).toString('hex');
      const text = Buffer.from(randomBytes(randomInt(1_000)).toString('utf16le')).toString();
      withKeys(key, () => {
        expect(open(encryptToken(text), key)).toBe(text);
        expect(decryptToken(seal(text, key))).toBe(text);
      });
    }
  });
});

describe('an altered value', () => {
  it('is refused whichever single byte has changed, with one and the same message', () => {
    const sealed = encryptToken('1//0e-refresh-token');
    const messages = new Set<string>();
    for (let at = 0; at < sealed.length; at++) {
      for (let code = 0; code < 256; code++) {
        const character = String.fromCharCode(code);
        if (character.toLowerCase() === sealed[at]) continue;
        const altered = sealed.slice(0, at) + character + sealed.slice(at + 1);
        const error = thrownBy(() => decryptToken(altered));
        expect(error).toBeInstanceOf(DecryptionError);
        messages.add(error.message);
      }
    }
    expect([...messages]).toHaveLength(1);
  });

  it('is refused when a byte is missing or added', () => {
    const sealed = encryptToken('token');
    for (let at = 0; at <= sealed.length; at++) {
      const shorter = sealed.slice(0, at) + sealed.slice(at + 1);
      const longer = `${sealed.slice(0, at)}0${sealed.slice(at)}`;
      for (const altered of [shorter, longer].filter((text) => text !== sealed)) {
        expect(() => decryptToken(altered)).toThrow(DecryptionError);
      }
    }
  });

  it.each([
    ['nothing', ''],
    ['colons', '::'],
    ['too many parts', 'a:b:c:d'],
    ['plain text', 'ya29.plain'],
    ['an IV of another value', ''],
  ])('is refused when it never was one: %s', (name, text) => {
    const [a, b] = [encryptToken('one'), encryptToken('two')].map((sealed) => sealed.split(':'));
    const mixed = name.startsWith('an IV') ? [a![0], b![1], b![2]].join(':') : text;
    const error = thrownBy(() => decryptToken(mixed));
    expect(error).toBeInstanceOf(DecryptionError);
    expect(error.code).toBe('ERR_TOKENKEEP_DECRYPTION');
    expect(error.message).toBe(thrownBy(() => decryptToken('x')).message);
  });

  it('is refused where a character is replaced by one with the same lower byte', () => {
    const sealed = encryptToken('token');
    for (let at = 0; at < sealed.length; at++) {
      for (const high of [0x0100, 0xd800, 0xff00]) {
        const other = String.fromCharCode(high + sealed.charCodeAt(at));
        const error = thrownBy(() =>
          decryptToken(sealed.slice(0, at) + other + sealed.slice(at + 1)),
        );
        expect(error).toBeInstanceOf(DecryptionError);
      }
    }
  });

  it('opens as a part of a text with other characters', () => {
    const text = `\u{1f5dd}${encryptToken('token')}`;
    expect(decryptToken(text.slice(2))).toBe('token');
  });

  it('never has its text in the error', () => {
    const error = thrownBy(() => decryptToken('ya29.plain-token'));
    expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain('ya29.plain-token');
  });
});

describe('a key ring', () => {
  it('seals with its first key and opens with all of them', () => {
    const old = encryptToken('token');
    withKeys(`2:${OTHER},1:${KEY}`, () => {
      expect(decryptToken(old)).toBe('token');
      const sealed = encryptToken('token');
      expect(open(sealed, OTHER)).toBe('token');
      expect(decryptToken(sealed)).toBe('token');
    });
  });

  it('does not care about the order of numbers, nor about white space', () => {
    for (const keys of [
      ` 1:${KEY} , 9:${OTHER} `,
      `1 : ${KEY},\n9:${OTHER}\n`,
      `2147483647:${KEY},1:${OTHER}`,
      `\t${KEY}\r\n`,
      KEY.toUpperCase(),
      `5:${KEY}`,
    ]) {
      expect(withKeys(keys, () => open(encryptToken('token'), KEY))).toBe('token');
    }
  });

  it('is read at the call: a change takes effect at once, and back', () => {
    const sealed = encryptToken('token');
    expect(() => withKeys(OTHER, () => decryptToken(sealed))).toThrow(DecryptionError);
    expect(withKeys(KEY, () => decryptToken(sealed))).toBe('token');
    delete process.env['GMAIL_ENCRYPTION_KEY'];
    expect(() => decryptToken(sealed)).toThrow(ConfigurationError);
  });

  it.each([
    ['an empty text', ''],
    ['white space', '  '],
    ['a key that is too short', KEY.slice(2)],
    ['a key that is too long', `${KEY}00`],
    ['a letter that is no hex digit', `${KEY.slice(1)}g`],
    ['base64', Buffer.from(KEY, 'hex').toString('base64')],
    ['two keys without versions', `${KEY},${OTHER}`],
    ['one version twice', `1:${KEY},1:${OTHER}`],
    ['version zero', `0:${KEY}`],
    ['a negative version', `-1:${KEY}`],
    ['a version that is no number', `v1:${KEY}`],
    ['a version that no column holds', `2147483648:${KEY}`],
    ['a version without a key', `1:`],
    ['a comma at the end', `1:${KEY},`],
    ['a second key that is malformed', `1:${KEY},2:${OTHER.slice(2)}`],
    ['a semicolon', `1:${KEY};2:${OTHER}`],
    ['full-width digits', `１:${KEY}`],
    ['letters outside ASCII of the same length', `${KEY.slice(2)}é`],
  ])('that cannot be right names the variable and prints no key: %s', (_, keys) => {
    process.env['GMAIL_ENCRYPTION_KEY'] = keys;
    for (const work of [() => encryptToken('token'), () => decryptToken('a:b:c')]) {
      const error = thrownBy(work);
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error).toMatchObject({ code: 'ERR_TOKENKEEP_CONFIGURATION', name: error.name });
      expect(error.message).toContain('GMAIL_ENCRYPTION_KEY');
      // Who has no key yet is told how to make one, and nobody else.
      expect(error.message.includes('npx tokenkeep keygen')).toBe(keys === '');
      const told = `${error.message} ${error.stack} ${JSON.stringify(error)}`.toLowerCase();
      for (const key of [KEY, OTHER]) {
        for (let at = 0; at + 8 <= key.length; at += 4) {
          expect(told).not.toContain(key.slice(at, at + 8));
        }
      }
    }
  });
});

describe('an argument that is no string', () => {
  it.each([undefined, null, 7, Buffer.from('token'), {}, Symbol('s')])('%s', (value) => {
    for (const [work, argument] of [
      [encryptToken, 'plaintext'],
      [decryptToken, 'encryptedStr'],
    ] as const) {
      const error = thrownBy(() => work(value as never));
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(error).toBeInstanceOf(TypeError);
      expect(error).toMatchObject({ argument, code: 'ERR_TOKENKEEP_INVALID_ARGUMENT' });
    }
  });
});

interface Vector {
  why: string;
  key: string;
  sealed: string;
  plaintext?: string;
}

describe('a vector', () => {
  const folder = new URL('vectors/gmail/', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

  it.each(files)('%s', (file) => {
    const vector = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Vector;
    process.env['GMAIL_ENCRYPTION_KEY'] = vector.key;
    if (file.startsWith('opens-')) {
      expect(decryptToken(vector.sealed)).toBe(vector.plaintext);
    } else {
      expect(file).toMatch(/^fails-/);
      expect(() => decryptToken(vector.sealed)).toThrow(DecryptionError);
    }
  });

  it('exists for both', () => {
    for (const start of ['opens-', 'fails-']) {
      expect(files.filter((name) => name.startsWith(start)).length).toBeGreaterThan(5);
    }
  });
});
