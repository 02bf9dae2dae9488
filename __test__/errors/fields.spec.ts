import { afterEach, describe, expect, it } from 'vitest';
import { createGoogleHandlers } from '../../dist/http/index.js';
import {
  createTokenKeep,
  decryptToken,
  encryptToken,
  openValue,
  sealValue,
} from '../../dist/index.js';
import { decrypt, encrypt } from '../../dist/vault.js';
import { KEY } from '../helpers/database';
import { failureOf } from '../helpers/promises';

const PLACE = ['zoho', 'access_token', ['client', 'zoho_crm']] as const;

const VARIABLES = ['TOKENKEEP_KEY', 'GMAIL_ENCRYPTION_KEY', 'ENCRYPTION_SECRET'];

afterEach(() => {
  for (const variable of VARIABLES) delete process.env[variable];
});

/** What a synchronous call throws. */
const thrownBy = (work: () => unknown) => failureOf((async () => work())());

const argument = (name: string) => ({
  name: 'InvalidArgumentError',
  code: 'ERR_TOKENKEEP_INVALID_ARGUMENT',
  argument: name,
});

const configuration = (option: string) => ({
  name: 'ConfigurationError',
  code: 'ERR_TOKENKEEP_CONFIGURATION',
  option,
});

describe('an error of a synchronous function has the fields of its class', () => {
  it('sealValue and openValue name the argument', async () => {
    process.env['TOKENKEEP_KEY'] = KEY;
    for (const call of [sealValue, openValue]) {
      const [store, column, key] = PLACE;
      const wrong = (...given: unknown[]) =>
        thrownBy(() => (call as (...given: unknown[]) => string)(...given));
      expect(await wrong('x', column, key, 'text')).toMatchObject(argument('store'));
      expect(await wrong(store, 'x', key, 'text')).toMatchObject(argument('column'));
      expect(await wrong(store, column, ['x'], 'text')).toMatchObject(argument('key'));
      expect(await wrong(store, column, 'x', 'text')).toMatchObject(argument('key'));
    }
  });

  it.each([undefined, 'x'])('sealValue and openValue name the option: %s', async (key) => {
    if (key) process.env['TOKENKEEP_KEY'] = key;
    const expected = configuration('TOKENKEEP_KEY');
    expect(await thrownBy(() => sealValue(...PLACE, 'text'))).toMatchObject(expected);
    const opening = await thrownBy(() => openValue(...PLACE, 'tk1.1.AAAA'));
    expect(opening).toMatchObject(expected);
  });

  it.each([undefined, 'x'])('encryptToken and decryptToken name the option: %s', async (key) => {
    if (key) process.env['GMAIL_ENCRYPTION_KEY'] = key;
    const expected = configuration('GMAIL_ENCRYPTION_KEY');
    expect(await thrownBy(() => encryptToken('text'))).toMatchObject(expected);
    expect(await thrownBy(() => decryptToken('a:b:c'))).toMatchObject(expected);
  });

  it.each([undefined, 'x'])('encrypt and decrypt name the option: %s', async (secret) => {
    if (secret) process.env['ENCRYPTION_SECRET'] = secret;
    const expected = configuration('ENCRYPTION_SECRET');
    expect(await failureOf(encrypt('text'))).toMatchObject(expected);
    expect(await failureOf(decrypt('text'))).toMatchObject(expected);
  });

  it('with the text of the asynchronous one', async () => {
    process.env['GMAIL_ENCRYPTION_KEY'] = 'x';
    const databaseUrl = 'postgres://127.0.0.1:1/d';
    const keep = createTokenKeep({ databaseUrl, gmailEncryptionKey: 'x' });
    const told = await failureOf(
      keep.gmail.upsertGmailTokens({
        userId: 'u',
        tenantId: 't',
        accessToken: 'a',
        refreshToken: 'r',
        expiresAt: new Date(),
        scope: '',
      }),
    );
    const thrown = await thrownBy(() => encryptToken('text'));
    expect({ ...thrown, message: thrown.message }).toEqual({ ...told, message: told.message });
    await keep.close();
  });
});

describe('an error of the routes names the option', () => {
  const redirectUri = 'https://app.example/auth/google/callback';

  it.each([
    ['connectSecret', { connectSecret: 'x' }, redirectUri],
    ['returnTo', { returnTo: 'javascript:0' }, redirectUri],
    ['GOOGLE_OAUTH_REDIRECT_URI', {}, undefined],
    ['GOOGLE_OAUTH_REDIRECT_URI', {}, 'not a URL'],
    ['GOOGLE_OAUTH_REDIRECT_URI', {}, 'https://app.example/auth/google/connect'],
  ])('%s of %o, with the redirect URI %s', async (option, options, googleOauthRedirectUri) => {
    const keep = createTokenKeep({ googleOauthRedirectUri });
    const call = async () => {
      const handlers = createGoogleHandlers({ keep, ...options });
      handlers.paths();
      await handlers.linkFor('user');
    };
    const error = await failureOf(call());
    expect(error).toMatchObject(configuration(option));
    expect(error.message).toMatch(new RegExp(`^${option}: `));
  });
});
