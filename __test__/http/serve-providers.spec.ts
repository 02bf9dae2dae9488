/** `tokenkeep serve` connects users at every configured provider. */

import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createTokenKeep } from '../../dist/index.js';
import { type TokenEndpoint, startTokenEndpoint } from '../../dist/testing/index.js';
import { emptyDatabase, KEY, type TestDatabase } from '../helpers/database';
import { migrateOn } from '../helpers/tables';
import { SECRET } from './scene';
import { freePort, Served } from './served';
import { Visitor } from './visitor';

let database: TestDatabase;
let hubspot: TokenEndpoint;
let microsoft: TokenEndpoint;
let served: Served | undefined;
let port = 0;
let base = '';

beforeAll(async () => {
  database = await emptyDatabase();
  await migrateOn(database, { stores: ['integration'] });
});
beforeEach(async () => {
  port = await freePort();
  base = `http://127.0.0.1:${port}/oauth`;
  hubspot = await startTokenEndpoint([], { provider: 'hubspot' });
  microsoft = await startTokenEndpoint([], { provider: 'microsoft' });
});
afterEach(async () => {
  served?.signal('SIGKILL');
  await served?.ended();
  served = undefined;
  await hubspot.stop();
  await microsoft.stop();
});
afterAll(() => database.drop());

/** The variables of a client at an endpoint. */
const clientOf = (name: string, { url, authorizationUrl }: TokenEndpoint) => ({
  [`TOKENKEEP_${name}_CLIENT_ID`]: 'client',
  [`TOKENKEEP_${name}_CLIENT_SECRET`]: 'secret',
  [`TOKENKEEP_${name}_TOKEN_URL`]: url,
  [`TOKENKEEP_${name}_AUTHORIZATION_URL`]: authorizationUrl,
});

const environment = (): Record<string, string> => ({
  DATABASE_URL: database.url,
  TOKENKEEP_KEY: KEY,
  TOKENKEEP_CONNECT_SECRET: SECRET,
  TOKENKEEP_CONNECT_URL: base,
  TOKENKEEP_HUBSPOT_SCOPES: 'oauth  tickets',
  ...clientOf('HUBSPOT', hubspot),
  ...clientOf('MICROSOFT', microsoft),
});

async function start(env = environment()): Promise<void> {
  served = new Served(env, ['--port', `${port}`]);
  expect(await served.listening()).toBe(`Listening on http://127.0.0.1:${port}`);
}

/** What a server of the application asks, with the secret. */
async function ask(path: string, method = 'GET', secret = SECRET) {
  const headers = { authorization: `Bearer ${secret}` };
  const response = await fetch(`${base}/${path}`, { method, headers });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

it('connects at each provider, hands out its token, and disconnects', async () => {
  await start();
  for (const [provider, title, scope] of [
    ['hubspot', 'HubSpot', 'oauth tickets'],
    ['microsoft', 'Microsoft', ''],
  ] as const) {
    const credentials = `credentials/${provider}?user_id=ada`;
    expect(await ask(credentials)).toEqual({
      status: 404,
      body: { error: 'not_connected', detail: `${title} is not connected` },
    });
    const { body } = await ask(`connect/${provider}?user_id=ada`);
    const visitor = new Visitor();
    const done = await visitor.press(await visitor.open(body.auth_url));
    expect(done.text).toContain(`${title} connected`);
    const found = await ask(credentials);
    expect(found.body).toEqual({
      access_token: expect.any(String),
      expiry_date: expect.any(Number),
      scope: scope || expect.any(String),
      token_type: 'Bearer',
    });
    expect((await ask(`${credentials}&account=work`)).status).toBe(404);
    const gone = await ask(`disconnect/${provider}?user_id=ada`, 'POST');
    expect(gone.body).toEqual({ disconnected: true });
    expect((await ask(credentials)).status).toBe(404);
  }
  expect(served!.stderr).toBe('');
});

it('says no expiry of a token that never expires', async () => {
  await start();
  const keep = createTokenKeep({ databaseUrl: database.url, tokenkeepKey: KEY });
  const token = { accessToken: 'at', expiresAt: null, scopes: ['read'] };
  await keep.integration.storeToken('ada', 'hubspot', token);
  await keep.close();
  const { body } = await ask('credentials/hubspot?user_id=ada');
  expect(body).toEqual({ access_token: 'at', scope: 'read', token_type: 'Bearer' });
});

it('hands a token to nobody without the secret, and knows no other provider', async () => {
  await start();
  const path = 'credentials/hubspot?user_id=ada';
  expect((await ask(path, 'GET', 'x'.repeat(40))).status).toBe(401);
  expect((await fetch(`${base}/${path}`)).status).toBe(401);
  for (const other of ['credentials/github?user_id=ada', 'connect/github?user_id=ada']) {
    const headers = { authorization: `Bearer ${SECRET}` };
    expect((await fetch(`${base}/${other}`, { headers })).status).toBe(404);
  }
});

it('says what is wrong with one provider, and serves the others', async () => {
  const env = environment();
  const shopify = { TOKENKEEP_SHOPIFY_CLIENT_ID: 'c', TOKENKEEP_SHOPIFY_CLIENT_SECRET: 's' };
  await start({ ...env, ...shopify, TOKENKEEP_SHOPIFY_SHOP: 'acme' });
  expect(served!.stderr).toContain('TOKENKEEP_SHOPIFY_SHOP');
  expect((await ask('connect/hubspot?user_id=ada')).status).toBe(200);
});

it.each([
  ['no provider', 'providers: is not set'],
  ['no key', 'TOKENKEEP_KEY'],
])('does not start with %s', async (what, told) => {
  const { DATABASE_URL, TOKENKEEP_KEY, TOKENKEEP_CONNECT_SECRET, TOKENKEEP_CONNECT_URL } =
    environment();
  const bare = { DATABASE_URL, TOKENKEEP_CONNECT_SECRET, TOKENKEEP_CONNECT_URL };
  const env =
    what === 'no key' ? { ...bare, ...clientOf('HUBSPOT', hubspot) } : { ...bare, TOKENKEEP_KEY };
  served = new Served(env as Record<string, string>, ['--port', `${port}`]);
  expect(await served.ended()).toBe(1);
  expect(served.stderr).toContain(told);
});
