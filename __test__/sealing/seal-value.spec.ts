import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { createTokenKeep, openValue, sealValue } from '../../dist/index.js';
import { KEY, OTHER_KEY } from '../helpers/database';

const PLACE = ['zoho', 'access_token', ['client', 'zoho_crm']] as const;

/** `length(part) part ...`: what a value is bound to. */
const placeOf = (store: string, column: string, key: readonly string[]) =>
  Buffer.concat(
    [store, column, ...key].flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(Buffer.byteLength(part));
      return [length, Buffer.from(part)];
    }),
  );

afterEach(() => {
  delete process.env['TOKENKEEP_KEY'];
  delete process.env['TOKENKEEP_REQUIRE_SEALED'];
});

describe('a sealed value', () => {
  it('opens with the formula alone, and what the formula seals opens', () => {
    process.env['TOKENKEEP_KEY'] = `7:${KEY}`;
    const key = Buffer.from(KEY, 'hex');
    const [prefix, version, encoded] = sealValue(...PLACE, 'Grüße 🗝').split('.');
    expect([prefix, version]).toEqual(['tk1', '7']);
    const bytes = Buffer.from(encoded!, 'base64url');
    const opener = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
    opener.setAAD(placeOf(...PLACE)).setAuthTag(bytes.subarray(12, 28));
    const text = opener.update(bytes.subarray(28), undefined, 'utf8') + opener.final('utf8');
    expect(text).toBe('Grüße 🗝');

    const nonce = randomBytes(12);
    const sealer = createCipheriv('aes-256-gcm', key, nonce).setAAD(placeOf(...PLACE));
    const sealed = Buffer.concat([sealer.update('1000.abc'), sealer.final()]);
    const whole = Buffer.concat([nonce, sealer.getAuthTag(), sealed]).toString('base64url');
    expect(openValue(...PLACE, `tk1.7.${whole}`)).toBe('1000.abc');
  });

  it('opens in no other row, column or store', () => {
    process.env['TOKENKEEP_KEY'] = KEY;
    const sealed = sealValue(...PLACE, '1000.abc');
    const code = 'ERR_TOKENKEEP_DECRYPTION';
    const [store, column, key] = PLACE;
    expect(() => openValue(store, 'refresh_token', key, sealed)).toThrow(
      expect.objectContaining({ code }),
    );
    expect(() => openValue(store, column, ['client', 'zoho_calendar'], sealed)).toThrow(
      expect.objectContaining({ code }),
    );
  });

  it('opens with an older key of the ring, and not without it', () => {
    process.env['TOKENKEEP_KEY'] = KEY;
    const sealed = sealValue(...PLACE, '1000.abc');
    process.env['TOKENKEEP_KEY'] = `2:${OTHER_KEY},1:${KEY}`;
    expect(openValue(...PLACE, sealed)).toBe('1000.abc');
    expect(sealValue(...PLACE, '1000.abc')).toMatch(/^tk1\.2\./);
    process.env['TOKENKEEP_KEY'] = `2:${OTHER_KEY}`;
    expect(() => openValue(...PLACE, sealed)).toThrow(
      expect.objectContaining({ code: 'ERR_TOKENKEEP_DECRYPTION' }),
    );
  });
});

describe('a plaintext', () => {
  it('is given as it is, until only sealed values are accepted', () => {
    process.env['TOKENKEEP_KEY'] = KEY;
    expect(openValue(...PLACE, '1000.abc')).toBe('1000.abc');
    for (const on of ['1', 'true', 'on']) {
      process.env['TOKENKEEP_REQUIRE_SEALED'] = on;
      expect(() => openValue(...PLACE, '1000.abc')).toThrow(
        expect.objectContaining({ code: 'ERR_TOKENKEEP_NOT_SEALED', name: 'NotSealedError' }),
      );
    }
  });
});

describe('sealValue', () => {
  it('says what is missing, or wrong, without printing it', () => {
    expect(() => sealValue(...PLACE, '1000.abc')).toThrow(/TOKENKEEP_KEY: is not set.*keygen/);
    process.env['TOKENKEEP_KEY'] = KEY;
    const wrong: [unknown[], RegExp][] = [
      [
        ['gmail', 'access_token', ['c', 'p'], '1000.abc'],
        /^store: must be one of: zoho, calendar, integration$/,
      ],
      [['zoho', 'scopes', ['c', 'p'], '1000.abc'], /^column: must be one of: access_token/],
      [['zoho', 'access_token', ['c'], '1000.abc'], /^key: must have 2 parts/],
      [['zoho', 'access_token', ['c', ''], '1000.abc'], /^key: must have 2 parts/],
      [['zoho', 'access_token', 'c', '1000.abc'], /^key: must be an array/],
      [['zoho', 'access_token', ['c', 'p'], 1000], /^text: must be a string/],
    ];
    for (const [args, message] of wrong) {
      const call = () => (sealValue as (...given: unknown[]) => string)(...args);
      expect(call).toThrow(TypeError);
      expect(call).toThrow(message);
      expect(call).not.toThrow(/1000\.abc/);
    }
  });

  it('uses the keys of the instance that it is asked of', async () => {
    const keep = createTokenKeep({ tokenkeepKey: OTHER_KEY });
    const sealed = keep.sealValue(...PLACE, '1000.abc');
    expect(keep.openValue(...PLACE, sealed)).toBe('1000.abc');
    process.env['TOKENKEEP_KEY'] = KEY;
    expect(() => openValue(...PLACE, sealed)).toThrow();
    await keep.close();
  });
});
