/** ENCRYPTION_SECRET, and the one before it. */

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
