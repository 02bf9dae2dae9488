import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import * as tokenkeep from '../../dist/index.js';
import { classes } from '../../dist/bridge/failure.js';
import { OTHER_KEY } from '../helpers/database';
import { failureOf } from '../helpers/promises';
import { seal } from '../helpers/gmail-format';
import { SCALED, useScene } from '../helpers/scene';

const native = createRequire(import.meta.url)('../../native.js') as {
  errorCodes(): { code: string; retryable?: boolean }[];
};

type ErrorClass = new (
  message?: string,
  options?: ErrorOptions,
) => Error & {
  code: string;
  retryable: boolean;
};

const exported = Object.entries(tokenkeep).filter(
  (entry): entry is [string, ErrorClass & (typeof entry)[1]] =>
    typeof entry[1] === 'function' && entry[1].prototype instanceof Error,
);

describe('the codes of the core', () => {
  it('are the codes of the table of classes, in the same order', () => {
    expect(Object.keys(classes)).toEqual(native.errorCodes().map(({ code }) => code));
  });

  it('are as retryable as the class that a test of an application makes', () => {
    for (const { code, retryable } of native.errorCodes()) {
      const Class = classes[code] as ErrorClass;
      // What the server said decides; a class that was made by hand says no.
      expect(new Class().retryable, code).toBe(retryable ?? false);
    }
  });

  it('are what the classes carry themselves, each of them exported', () => {
    for (const [code, Class] of Object.entries(classes)) {
      expect(new Class().code).toBe(code);
      expect((tokenkeep as Record<string, unknown>)[Class.name]).toBe(Class);
    }
  });
});

describe.each(exported)('%s', (name, Class) => {
  it('can be made by a test of an application', () => {
    const cause = new Error('cause');
    for (const error of [new Class(), new Class('text'), new Class('text', { cause })]) {
      expect(error).toBeInstanceOf(Error);
      expect(error.name).toBe(name);
      expect(error.code).toMatch(/^ERR_TOKENKEEP_[A-Z_]+$/);
      expect(typeof error.retryable).toBe('boolean');
      expect(error.stack).toContain(name);
    }
    expect(new Class('text').message).toBe('text');
    expect(new Class('text', { cause }).cause).toBe(cause);
    expect('cause' in new Class('text')).toBe(false);
  });

  it('can be extended', () => {
    class Mine extends Class {}
    expect(new Mine()).toBeInstanceOf(Class);
    expect(new Mine()).toHaveProperty('code', new Class().code);
  });
});

describe('the names that applications match', () => {
  it('say what the seed said', () => {
    const { GmailNotConnectedError, GmailTokenRevokedError } = tokenkeep;
    expect(new GmailNotConnectedError().name).toBe('GmailNotConnectedError');
    expect(new GmailTokenRevokedError().name).toBe('GmailTokenRevokedError');
    expect(new GmailNotConnectedError()).toBeInstanceOf(tokenkeep.NotConnectedError);
    expect(new GmailTokenRevokedError()).toBeInstanceOf(tokenkeep.TokenRevokedError);
    expect(new tokenkeep.InvalidArgumentError()).toBeInstanceOf(TypeError);
  });
});

describe('with a store', () => {
  const scene = useScene();

  it('the stack of an asynchronous failure names the caller', async () => {
    const keep = scene.keep();
    async function theApplicationsOwnFunction() {
      return await keep.gmail.getValidGmailToken('nobody');
    }
    async function refusedByTheJavaScriptApi() {
      return await keep.gmail.getValidGmailToken(7 as never);
    }
    for (const call of [theApplicationsOwnFunction, refusedByTheJavaScriptApi]) {
      const { stack } = await failureOf(call());
      expect(stack).toContain(call.name);
    }
  });

  it('each caller of a shared failure gets an error of its own', async () => {
    const user = await scene.user();
    scene.endpoint.script([{ status: 400, body: { error: 'invalid_scope' }, delayMs: 200 }]);
    const keep = scene.keep();
    const errors = await Promise.all(
      Array.from({ length: 10 }, () =>
        keep.gmail.getValidGmailToken(user.id).catch((error: Error) => error),
      ),
    );
    expect(new Set(errors).size).toBe(10);
  });

  it('no error contains a token, a key, a client secret or a password', async () => {
    const secrets = {
      accessToken: 'ya29.secretaccesstoken',
      refreshToken: '1//secretrefreshtoken',
      newToken: 'ya29.secretanswer',
      clientSecret: 'GOCSPX-secretclientsecret',
      databasePassword: 'secretdatabasepassword',
      key: 'c0ffee'.repeat(10) + 'c0ff',
      thrown: 'secretthrown',
      letters: 'ghoSecretOfLettersAlone',
    };
    const errors: unknown[] = [];
    const fails = async (call: Promise<unknown>) => {
      errors.push(await failureOf(call));
    };
    const user = (other = {}) => scene.user({ ...secrets, key: secrets.key, ...other });
    const open = (other = {}) =>
      scene.keep({
        ...SCALED,
        gmailEncryptionKey: secrets.key,
        googleClientSecret: secrets.clientSecret,
        ...other,
      });
    const echo = {
      access_token: secrets.newToken,
      refresh_token: secrets.refreshToken,
      error_description: `the refresh token ${secrets.refreshToken} of ${secrets.clientSecret}`,
    };

    for (const step of [
      { status: 400, body: { ...echo, error: 'invalid_grant' } },
      { status: 400, body: { ...echo, error: 'invalid_scope' } },
      { status: 400, body: { ...echo, error: `bad ${secrets.refreshToken}` } },
      { status: 400, body: { ...echo, error: secrets.refreshToken } },
      { status: 400, body: { ...echo, error: secrets.newToken } },
      { status: 401, body: { ...echo, error: 'invalid_client' } },
      { status: 403, body: secrets.refreshToken },
      { status: 429, body: echo, headers: { 'retry-after': secrets.newToken } },
      { status: 500, body: { ...echo, error: secrets.newToken } },
      { status: 502, body: JSON.stringify(echo) },
      { status: 200, body: { ...echo, access_token: 7, expires_in: secrets.newToken } },
      { status: 200, body: { ...echo, access_token: `${secrets.newToken}\0` } },
      { status: 400, body: { ...echo, error: secrets.letters } },
      { status: 200, body: `${JSON.stringify(echo)}trailing` },
      { status: 200, body: { ...echo, error: 'Access Denied' } },
      { redirect: `http://127.0.0.1:1/?token=${secrets.refreshToken}` },
      { drop: 'after' as const },
      { truncate: true, body: echo },
    ]) {
      scene.endpoint.script(() => step);
      await fails(open().gmail.getValidGmailToken((await user()).id));
    }
    const throwing = async () => {
      throw Object.assign(new Error('x'), { response: { status: 400, data: { error: 'odd' } } });
    };
    await fails(open().gmail.getValidGmailToken((await user()).id, throwing));

    // A row that no key opens, a constraint that fails, and a column that overflows.
    const unopened = await user({ key: OTHER_KEY });
    await fails(open().gmail.getGmailTokenDecrypted(unopened.id));
    await fails(open({ gmailEncryptionKey: `${secrets.key}0` }).gmail.getValidGmailToken('u'));
    await fails(
      open({
        gmailEncryptionKey: `1:${secrets.key},1:${secrets.key}`,
      }).gmail.getGmailTokenDecrypted(unopened.id),
    );
    await scene.database.client.query(
      `ALTER TABLE gmail_tokens ADD CONSTRAINT short CHECK (length(encrypted_access_token) < 9) NOT VALID`,
    );
    const params = {
      userId: 'checked',
      tenantId: 'tenant-1',
      accessToken: secrets.accessToken,
      refreshToken: secrets.refreshToken,
      expiresAt: new Date(),
      scope: '',
    };
    await fails(open().gmail.upsertGmailTokens(params));
    await scene.database.client.query('ALTER TABLE gmail_tokens DROP CONSTRAINT short');

    // Arguments.
    for (const bad of [
      { ...params, accessToken: `${secrets.accessToken}\0` },
      { ...params, accessToken: secrets.accessToken.repeat(5_000) },
      { ...params, refreshToken: `${secrets.refreshToken}\ud800` },
      { ...params, refreshToken: [secrets.refreshToken] },
      { ...params, scope: secrets.accessToken.repeat(500) },
      { ...params, expiresAt: secrets.accessToken },
      { ...params, tenantId: secrets.accessToken.repeat(500) },
    ]) {
      await fails(open().gmail.upsertGmailTokens(bad as never));
    }

    // Databases.
    const url = new URL(scene.database.url);
    url.password = secrets.databasePassword;
    const urls = [
      url.href,
      `postgres://u:${secrets.databasePassword}@127.0.0.1:1/d`,
      `postgres://u:${secrets.databasePassword}@host.invalid/d`,
      `postgres://u:${secrets.databasePassword}@[::bad]/d`,
      `postgres://u:${secrets.databasePassword}@127.0.0.1/d?sslmode=require`,
    ];
    for (const databaseUrl of urls) {
      const keep = open({ databaseUrl, connectTimeoutMs: 1_000 });
      await fails(keep.gmail.hasActiveGmailConnection('u'));
      await fails(keep.migrate({ stores: ['gmail'] }));
    }

    // Synchronous ones.
    process.env['GMAIL_ENCRYPTION_KEY'] = secrets.key;
    const sealed = seal(secrets.accessToken, OTHER_KEY);
    for (const work of [
      () => tokenkeep.decryptToken(sealed),
      () => tokenkeep.decryptToken(secrets.accessToken),
      () => tokenkeep.decryptToken([secrets.accessToken] as never),
      () => tokenkeep.createTokenKeep({ gmailEncryptionKey: [secrets.key] } as never),
      () => tokenkeep.createTokenKeep(secrets.databasePassword as never),
    ]) {
      await fails((async () => work())());
    }
    delete process.env['GMAIL_ENCRYPTION_KEY'];

    expect(errors.length).toBeGreaterThan(40);
    for (const error of errors) {
      expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_TOKENKEEP_/) });
      const { message, stack } = error as Error;
      const told = [
        message,
        stack,
        JSON.stringify(error),
        inspect(error, { depth: 9, showHidden: true }),
      ];
      // The stack names this file, whose path holds no secret.
      for (const [name, secret] of Object.entries(secrets)) {
        expect(told.join('\n'), `${name} in ${String(message)}`).not.toContain(secret);
      }
    }
  });
});
