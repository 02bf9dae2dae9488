/** Options and variables that cannot be right, before anything is sent. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { InvalidArgumentError, type TokenKeep, createTokenKeep } from '../../dist/index.js';
import { KEY, type TestDatabase, gmailDatabase, keepOn } from '../helpers/database';
import { failureOf, printed } from '../helpers/promises';

let database: TestDatabase;
let keep: TokenKeep;
beforeAll(async () => {
  database = await gmailDatabase();
  keep = keepOn(database);
});
afterAll(async () => {
  await keep.close();
  await database.drop();
});

describe('a provider that is described with a field that no provider has', () => {
  const described = (more: object) => () => {
    createTokenKeep({ providers: { acme: { clientId: 'a', ...more } } } as never);
  };

  it.each([
    ['tokenURL', 'tokenUrl'],
    ['clientID', 'clientId'],
    ['client_secret', 'clientSecret'],
    ['toString', undefined],
    ['colour', undefined],
  ])('is refused by its name, with the nearest one: %s', (field, meant) => {
    const argument = `providers.acme.${field}`;
    const hint = meant ? `. Did you mean '${meant}'?` : '';
    expect(described({ [field]: 'hunter2' })).toThrow(
      expect.objectContaining({
        name: 'InvalidArgumentError',
        argument,
        message: `${argument}: unknown field${hint}`,
      }),
    );
  });

  it('is taken where the field is undefined', () => {
    expect(described({ tokenURL: undefined })).not.toThrow();
  });
});

describe('a name that the connect routes would read as their own parameter', () => {
  const shop = { values: ['a'] };
  it.each([
    ['variables.account', { variables: { account: { ...shop, perConnection: true } } }],
    [
      'variables.shop.callbackParameter',
      { variables: { shop: { ...shop, callbackParameter: 'state' } } },
    ],
    ['callbackParameters.0', { callbackParameters: ['user_id'] }],
  ])('is refused in a description: %s', (field, more) => {
    const argument = `providers.acme.${field}`;
    const thrown = expect.objectContaining({
      argument,
      message: expect.stringContaining('is a parameter of the connect routes'),
    });
    const url = { tokenUrl: 'https://acme.example/token' };
    const acme = { clientId: 'a', clientSecret: 'b', ...url, ...more };
    const open = createTokenKeep({ databaseUrl: database.url, providers: { acme } });
    expect(() => open.connector.providers()).toThrow(thrown);
  });

  it('is allowed where the application sets the value', () => {
    const acme = { clientId: 'a', clientSecret: 'b', tokenUrl: 'https://{account}.example/token' };
    const variables = { account: { values: ['a'], default: 'a' } };
    const open = createTokenKeep({
      databaseUrl: database.url,
      providers: { acme: { ...acme, variables } },
    });
    expect(open.connector.providers()).toEqual(['acme']);
  });
});

describe('createTokenKeep refuses', () => {
  const thrownBy = (options: unknown): Error => {
    try {
      createTokenKeep(options as never);
    } catch (error) {
      return error as Error;
    }
    return expect.fail('was accepted');
  };

  it.each([null, 'postgres://u:hunter2@h/d', 7, true])('options that are %s', (options) => {
    const error = thrownBy(options);
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error).toMatchObject({ argument: 'options' });
    expect(error.message).not.toContain('hunter2');
  });

  it.each([
    ['an option that does not exist', 'databaseURL', 'postgres://u:hunter2@h/d'],
    ['an option named as a method of objects', 'toString', 'postgres://u:hunter2@h/d'],
    ['another one', 'constructor', 'text'],
    ['a databaseUrl that is null', 'databaseUrl', null],
    ['a databaseUrl that is a URL object', 'databaseUrl', new URL('postgres://u:hunter2@h/d')],
    ['a schema that is a number', 'schema', 7],
    ['a key that is a Buffer', 'gmailEncryptionKey', Buffer.alloc(32)],
    ['a client id that is a number', 'googleClientId', 7],
    ['a client secret that is an array', 'googleClientSecret', ['hunter2']],
    ['maxConnections 0', 'maxConnections', 0],
    ['maxConnections below 0', 'maxConnections', -1],
    ['maxConnections 1.5', 'maxConnections', 1.5],
    ['maxConnections NaN', 'maxConnections', NaN],
    ['maxConnections Infinity', 'maxConnections', Infinity],
    ['maxConnections that 32 bits do not hold', 'maxConnections', 2 ** 32],
    ['maxConnections as a text', 'maxConnections', '6'],
    ['waitMs as a BigInt', 'waitMs', 5n],
    ['mixedFleet as a number', 'mixedFleet', 1],
    ['usableAtOnce as a text', 'usableAtOnce', 'true'],
    ['onEvent that is no function', 'onEvent', {}],
    ['zohoAccountsServers as a text', 'zohoAccountsServers', 'https://accounts.zoho.xx'],
    ['zohoAccountsServers of numbers', 'zohoAccountsServers', [7]],
    ['allowInsecureRequests as a text', 'allowInsecureRequests', 'true'],
  ])('%s', (_, argument, value) => {
    const error = thrownBy({ [argument]: value });
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ argument });
    expect(printed(error)).not.toContain('hunter2');
  });

  it('nothing that is undefined, whatever its name promises', () => {
    expect(createTokenKeep({ databaseUrl: undefined } as never)).toBeDefined();
    expect(createTokenKeep()).toBeDefined();
  });
});

describe('a DATABASE_URL that cannot be used', () => {
  const urls: [string, string][] = [
    ['another scheme', 'mysql://u:hunter2@127.0.0.1/d'],
    ['no scheme', 'u:hunter2@127.0.0.1/d'],
    ['a bad port', 'postgres://u:hunter2@127.0.0.1:port/d'],
    ['a port out of range', 'postgres://u:hunter2@127.0.0.1:99999/d'],
    ['a host that has no name', 'postgres://u:hunter2@h,,i/d'],
    ['more ports than hosts', 'postgres://u:hunter2@h/d?port=1,2'],
    [
      'a server that is asked for in no way',
      'postgres://u:hunter2@h/d?target_session_attrs=hunter2',
    ],
    ['an sslmode that does not exist', 'postgres://u:hunter2@127.0.0.1/d?sslmode=hunter2'],
    ['an empty schema', 'postgres://u:hunter2@127.0.0.1/d?schema='],
    ['garbage', 'hunter2'],
  ];
  const environment = process.env['DATABASE_URL'];
  afterEach(() => {
    if (environment === undefined) delete process.env['DATABASE_URL'];
    else process.env['DATABASE_URL'] = environment;
  });

  it.each(urls)('is a ConfigurationError that never prints it: %s', async (_, databaseUrl) => {
    for (const own of [
      createTokenKeep({ databaseUrl, gmailEncryptionKey: KEY }),
      (() => {
        process.env['DATABASE_URL'] = databaseUrl;
        return createTokenKeep({ gmailEncryptionKey: KEY });
      })(),
    ]) {
      for (const call of [
        () => own.gmail.hasActiveGmailConnection('u'),
        () => own.gmail.getGmailTokenDecrypted('u'),
        () => own.migrate({ stores: ['gmail'] }),
      ]) {
        const error = await failureOf(call());
        expect(error).toMatchObject({
          name: 'ConfigurationError',
          code: 'ERR_TOKENKEEP_CONFIGURATION',
          retryable: false,
          message: expect.stringMatching(/DATABASE_URL|schema/),
        });
        expect(printed(error)).not.toContain('hunter2');
      }
      await own.close();
    }
  });
});

describe('migrate refuses', () => {
  it.each([undefined, null, 'gmail', ['gmail']])('options that are %s', async (options) => {
    await expect(keep.migrate(options as never)).rejects.toBeInstanceOf(InvalidArgumentError);
  });

  it.each([
    [{ stores: [] }, 'stores'],
    [{ stores: [7] }, 'stores'],
    [{ stores: ['Gmail'] }, 'stores'],
    [{ stores: ['gmail', 'nothing'] }, 'stores'],
    [{ stores: ['gmail'], keep: 'oldest' }, 'keep'],
    [{ stores: ['gmail'], keep: true }, 'keep'],
  ])('%j', async (options, argument) => {
    await expect(keep.migrate(options as never)).rejects.toMatchObject({
      name: 'InvalidArgumentError',
      argument,
    });
  });
});

describe('close refuses', () => {
  const opened = async () => {
    const own = createTokenKeep({ databaseUrl: database.url });
    await own.gmail.hasActiveGmailConnection('u');
    return own;
  };

  it.each(['soon', '5', -1, NaN, {}, true])('a timeoutMs of %s', async (timeoutMs) => {
    const own = await opened();
    await expect(own.close({ timeoutMs } as never)).rejects.toMatchObject({
      name: 'InvalidArgumentError',
      argument: 'timeoutMs',
    });
    // A call that was refused has done nothing.
    expect(await own.gmail.hasActiveGmailConnection('u')).toBe(false);
    expect(await own.close()).toBe(true);
  });

  it.each([null, 7, 'now'])('options that are %s', async (options) => {
    const own = await opened();
    await expect(own.close(options as never)).rejects.toMatchObject({
      name: 'InvalidArgumentError',
      argument: 'options',
    });
    expect(await own.close()).toBe(true);
  });
});
