/** What no column can hold is refused by its name before anything is sent. */

import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../../dist/index.js';
import { failureOf, printed } from '../helpers/promises';
import { CREDENTIALS, someClient, useScene } from './scene';

const scene = useScene();

const rows = async () =>
  (await scene.database.client.query('SELECT * FROM oauth_tokens ORDER BY id')).rows;

/** The call must give a promise, whatever it is given, and leave everything as it was. */
async function expectRefused(call: () => Promise<unknown>, argument: string, value: unknown) {
  const before = await rows();
  const promise = call();
  expect(promise).toBeInstanceOf(Promise);
  const error = await promise.then(
    () => expect.fail(`${argument} was accepted`),
    (thrown: Error) => thrown,
  );
  expect(error).toBeInstanceOf(InvalidArgumentError);
  expect(error).toBeInstanceOf(TypeError);
  expect(error).toMatchObject({
    code: 'ERR_TOKENKEEP_INVALID_ARGUMENT',
    argument,
    message: expect.stringMatching(new RegExp(`^${argument}: `)),
  });
  if (typeof value === 'string' && value.length > 3) expect(printed(error)).not.toContain(value);
  expect(await rows()).toEqual(before);
  expect(scene.endpoint.requests).toHaveLength(0);
}

const noStrings = [undefined, null, 7, true, {}, ['text'], Symbol('s'), new String('text')];
const badStrings = ['a\0bcd', '\ud800abc', 'abc\udfff'];

const keys: [string, unknown[]][] = [
  ['clientId', [...noStrings, ...badStrings, '', 'x'.repeat(256), 'ü'.repeat(256)]],
  ['provider', [...noStrings, ...badStrings, '', 'x'.repeat(51)]],
];

describe.each(keys)('a %s that is none', (argument, values) => {
  it.each(['getAccessToken', 'storeTokens', 'hasToken'] as const)(
    'is refused by %s',
    async (name) => {
      const { zoho } = scene.keep();
      const third = name === 'storeTokens' ? { refreshToken: 'refresh' } : CREDENTIALS;
      for (const value of values) {
        const args = argument === 'clientId' ? [value, 'zoho_crm'] : ['client', value];
        const call = zoho[name] as (...args: unknown[]) => Promise<unknown>;
        await expectRefused(() => call(...args, third), argument, value);
      }
    },
  );
});

const long = 'x'.repeat(64 * 1024 + 1);
const circular: Record<string, unknown> = {};
circular['self'] = circular;

const tokens: [string, string, unknown[]][] = [
  ['accessToken', 'accessToken', [7, {}, long, ...badStrings]],
  ['refreshToken', 'refreshToken', [...noStrings, long, ...badStrings]],
  ['expiresIn', 'expiresIn', ['3600', {}, 3.2e8, -3.2e8, Infinity, 1n]],
  ['scopes', 'scopes', [7, {}, ['a'], 'x'.repeat(1_025), ...badStrings]],
  [
    'metadata',
    'metadata',
    [
      7,
      'text',
      [1],
      { a: 'a\0bcd' },
      { 'a\0': 1 },
      { a: ['\ud800abc'] },
      { a: 1n },
      { a: long },
      circular,
      { toJSON: () => 'text' },
      { toJSON: () => undefined },
    ],
  ],
];

describe.each(tokens)('storeTokens with %s that no column holds', (name, argument, values) => {
  it('is refused', async () => {
    const { zoho } = scene.keep();
    const id = someClient();
    for (const value of values) {
      const given = { refreshToken: 'refresh', [name]: value };
      await expectRefused(() => zoho.storeTokens(id, 'zoho_crm', given as never), argument, value);
    }
  });
});

describe('credentials that are none', () => {
  const noCredentials: [string, unknown][] = [
    ...[undefined, null, 7, 'text'].map((value): [string, unknown] => ['credentials', value]),
    ...['clientId', 'clientSecret'].flatMap((name) =>
      [...noStrings, ...badStrings, '', 'x'.repeat(1_025)].map((value): [string, unknown] => [
        `credentials.${name}`,
        { ...CREDENTIALS, [name]: value },
      ]),
    ),
  ];
  const valueOf = (argument: string, given: unknown) =>
    (given as Record<string, unknown> | null)?.[argument.slice('credentials.'.length)];

  it.each([-60, 200])('are refused where %i seconds are left', async (left) => {
    const { zoho } = scene.keep();
    const { id } = await scene.client({ left });
    for (const [argument, given] of noCredentials) {
      const call = () => zoho.getAccessToken(id, 'zoho_crm', given as never);
      await expectRefused(call, argument, valueOf(argument, given));
    }
  });

  it('make no row of ZOHO_REFRESH_TOKEN', async () => {
    const { zoho } = scene.keep({ zohoRefreshToken: 'from the environment' });
    const [id, given] = [someClient(), { clientId: '', clientSecret: '' }];
    const call = () => zoho.getAccessToken(id, 'zoho_crm', given);
    await expectRefused(call, 'credentials.clientId', undefined);
  });

  it('are no matter while the stored token is fresh', async () => {
    const { zoho } = scene.keep();
    const client = await scene.client({ left: 3_600 });
    for (const [, given] of noCredentials) {
      const token = await zoho.getAccessToken(client.id, 'zoho_crm', given as never);
      expect(token).toBe(client.accessToken);
    }
  });

  it('are no matter where nothing is stored', async () => {
    const { zoho } = scene.keep();
    const error = await failureOf(zoho.getAccessToken('nobody', 'zoho_crm', {} as never));
    expect(error.code).toBe('ERR_TOKENKEEP_NOT_CONNECTED');
  });
});

it('what just fits is taken', async () => {
  const keep = scene.keep();
  const [id, provider] = ['🗝'.repeat(255), '🗝'.repeat(50)];
  const fitting = 'x'.repeat(64 * 1024);
  await keep.zoho.storeTokens(id, provider, {
    accessToken: fitting,
    refreshToken: fitting,
    expiresIn: 315_360_000,
    scopes: 'x'.repeat(1_024),
    metadata: { a: 'x'.repeat(64 * 1024 - 8) },
  });
  expect(await keep.zoho.getAccessToken(id, provider, CREDENTIALS)).toBe(fitting);
});
