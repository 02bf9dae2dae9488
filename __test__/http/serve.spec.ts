import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Google, startGoogle } from '../../support/google.mjs';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { emptyDatabase, KEY, type TestDatabase } from '../helpers/database';
import { until } from '../helpers/promises';
import { migrateOn } from '../helpers/tables';
import { SECRET, someUser } from './scene';
import { freePort, MAIN, Served, variables } from './served';
import { Visitor } from './visitor';

let database: TestDatabase;
let google: Google;
let served: Served | undefined;
let origin = '';
let port = 0;

beforeAll(async () => {
  database = await emptyDatabase();
  await migrateOn(database, { stores: ['calendar'] });
});
beforeEach(async () => {
  port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  google = await startGoogle({ redirectUri: `${origin}/auth/google/callback` });
});
afterEach(async () => {
  served?.signal('SIGKILL');
  await served?.ended();
  served = undefined;
  await google.close();
});
afterAll(() => database.drop());

const environment = (): Record<string, string> =>
  variables({
    databaseUrl: database.url,
    tokenkeepKey: KEY,
    googleClientId: google.clientId,
    googleClientSecret: google.clientSecret,
    googleOauthRedirectUri: google.redirectUri,
    googleAuthorizationUrl: google.authorizationUrl,
    googleTokenUrl: google.tokenUrl,
    googleRevocationUrl: google.revocationUrl,
    googleIssuer: google.issuer,
  });

async function start(env = environment()): Promise<void> {
  served = new Served(env, ['--port', `${port}`]);
  expect(await served.listening()).toBe(`Listening on ${origin}`);
}

const asBot = { authorization: `Bearer ${SECRET}` };

async function send(path: string, init: RequestInit = { headers: asBot }) {
  const response = await fetch(`${origin}${path}`, init);
  const text = await response.text();
  return { status: response.status, body: text && JSON.parse(text) };
}

it('connects, returns refreshed credentials, and disconnects', async () => {
  await start();
  const userId = someUser();
  const path = `/credentials?user_id=${userId}`;
  const detail = 'Google Calendar is not connected';
  expect(await send(path)).toEqual({ status: 404, body: { error: 'not_connected', detail } });
  const { body } = await send(`/auth/google/connect?user_id=${userId}`);
  const visitor = new Visitor();
  const done = await visitor.press(await visitor.open(body.auth_url));
  expect(done.text).toContain('Google Calendar connected. You can close this tab.');

  const first = await send(path);
  expect(first).toEqual({
    status: 200,
    body: {
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      expiry_date: expect.any(Number),
      scope: 'https://www.googleapis.com/auth/calendar.events',
      token_type: 'Bearer',
    },
  });
  await database.client.query(`UPDATE google_calendar_tokens SET token_expiry = now()`);
  const second = await send(path);
  expect(second.body.access_token).not.toBe(first.body.access_token);
  const gone = await send(`/auth/google/disconnect?user_id=${userId}`, {
    method: 'POST',
    headers: asBot,
  });
  expect(gone).toEqual({ status: 200, body: { disconnected: true } });
  expect((await send(path)).status).toBe(404);
  expect(await google.isAlive(second.body.refresh_token)).toBe(false);
  expect(served!.stderr).toBe('');
});

it('distinguishes a dead grant from a provider that is away', async () => {
  const endpoint = await startTokenEndpoint();
  await start({ ...environment(), TOKENKEEP_GOOGLE_TOKEN_URL: endpoint.url });
  const insert = async (refreshToken: string) => {
    const userId = someUser();
    await database.client.query(
      `INSERT INTO google_calendar_tokens (user_id, access_token, refresh_token, token_expiry)
       VALUES ($1, 'at', $2, now())`,
      [userId, refreshToken],
    );
    return userId;
  };
  // Only a client that has refreshed a row is believed that another grant is dead.
  const alive = await send(`/credentials?user_id=${await insert(endpoint.issue().refreshToken)}`);
  expect(alive).toMatchObject({ status: 200 });
  const dead = await send(`/credentials?user_id=${await insert('dead')}`);
  expect(dead).toMatchObject({ status: 404, body: { error: 'revoked' } });
  endpoint.script([{ times: 20, status: 503 }]);
  const away = await send(`/credentials?user_id=${await insert(endpoint.issue().refreshToken)}`);
  expect(away).toMatchObject({
    status: 503,
    body: { error: 'ERR_TOKENKEEP_PROVIDER_UNAVAILABLE' },
  });
  await endpoint.close();
});

describe('without the secret', () => {
  it('nothing is answered and nobody connected', async () => {
    await start();
    const userId = someUser();
    const routes = [
      ['GET', `/credentials?user_id=${userId}`],
      ['GET', '/credentials'],
      ['GET', `/auth/google/connect?user_id=${userId}`],
      ['GET', '/auth/google/connect'],
      ['POST', `/auth/google/disconnect?user_id=${userId}`],
      ['POST', '/auth/google/disconnect'],
    ] as const;
    for (const [method, path] of routes) {
      for (const authorization of ['', 'Bearer x']) {
        const { status } = await fetch(`${origin}${path}`, { method, headers: { authorization } });
        expect([path, status]).toEqual([path, 401]);
      }
    }
    for (const path of ['/', '/auth/google', '/favicon.ico', '/credentials/', '//credentials']) {
      expect((await fetch(`${origin}${path}`, { headers: asBot })).status).toBe(404);
    }
  });

  it.each([
    ['TOKENKEEP_CONNECT_SECRET', /TOKENKEEP_CONNECT_SECRET: is not set.*keygen/],
    ['TOKENKEEP_KEY', /TOKENKEEP_KEY: is not set.*keygen/],
    ['GOOGLE_OAUTH_REDIRECT_URI', /GOOGLE_OAUTH_REDIRECT_URI: is not set/],
    ['GOOGLE_CLIENT_ID', /GOOGLE_CLIENT_ID: is not set/],
    ['DATABASE_URL', /DATABASE_URL: is not set/],
  ])('or any other of what it needs, such as %s, it does not start', async (name, says) => {
    const { [name]: _, ...env } = environment();
    served = new Served(env, ['--port', '0']);
    expect(await served.ended()).toBe(1);
    expect(served.stderr).toMatch(says);
    expect(served.stdout).toBe('');
  });
});

it('a wrong port is a wrong call', async () => {
  for (const wrong of ['x', '65536', '-1', '1.5']) {
    served = new Served(environment(), [`--port=${wrong}`]);
    expect(await served.ended()).toBe(2);
    expect(served.stderr).toContain('--port');
  }
});

it.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 when %s comes', async (signal) => {
  await start();
  expect((await send('/credentials')).status).toBe(400);
  served!.signal(signal);
  expect(await served!.ended()).toBe(0);
});

it.each([
  ['on which nothing was ever sent', ''],
  ['on which half a request was sent', 'GET /credentials HTTP/1.1\r\nHost: x'],
  ['that is kept alive after an answer', 'GET /x HTTP/1.1\r\nHost: x\r\n\r\n'],
])('ends on a signal although a connection is open %s', async (_, sent) => {
  await start();
  const idle = connect(port, '127.0.0.1');
  await once(idle, 'connect');
  idle.on('error', () => {});
  idle.write(sent);
  // The server has accepted it, and read what was sent, when it answers a later connection.
  if (sent.endsWith('\r\n\r\n')) await once(idle, 'data');
  expect((await send('/credentials')).status).toBe(400);
  served!.signal('SIGTERM');
  expect(await served!.ended()).toBe(0);
  idle.destroy();
});

it('a request that is under way when the signal comes is answered', async () => {
  const endpoint = await startTokenEndpoint();
  await start({ ...environment(), TOKENKEEP_GOOGLE_TOKEN_URL: endpoint.url });
  const userId = someUser();
  await database.client.query(
    `INSERT INTO google_calendar_tokens (user_id, access_token, refresh_token, token_expiry)
     VALUES ($1, 'at', $2, now())`,
    [userId, endpoint.issue().refreshToken],
  );
  let answer!: () => void;
  const gate = new Promise<void>((resolve) => (answer = resolve));
  endpoint.script(async () => void (await gate));
  const asking = fetch(`${origin}/credentials?user_id=${userId}`, { headers: asBot });
  await until(() => endpoint.requests.length > 0);
  served!.signal('SIGTERM');
  await until(() =>
    fetch(origin).then(
      () => false,
      () => true,
    ),
  );
  answer();
  const { status, headers } = await asking;
  expect(status).toBe(200);
  // On a connection that stays open other requests would be served until the last one ends.
  expect(headers.get('connection')).toBe('close');
  expect(await served!.ended()).toBe(0);
  await endpoint.close();
});

it.each(['x', 'the-secret-of-the-bot', `${' '.repeat(40)}x`])(
  'with a secret that can be guessed, such as %j, it does not start',
  async (secret) => {
    served = new Served({ ...environment(), TOKENKEEP_CONNECT_SECRET: secret }, ['--port', '0']);
    expect(await served.ended()).toBe(1);
    expect(served.stderr).toMatch(
      /TOKENKEEP_CONNECT_SECRET: must be at least 32 characters.*keygen/,
    );
  },
);

it('with a secret that keygen has made it starts', async () => {
  const { stdout: key } = await promisify(execFile)(process.execPath, [MAIN, 'keygen']);
  await start({ ...environment(), TOKENKEEP_CONNECT_SECRET: key.trim() });
  const headers = { authorization: `Bearer ${key.trim()}` };
  expect((await send(`/credentials?user_id=${someUser()}`, { headers })).status).toBe(404);
});

it('what fails on our side is reported on stderr, without a secret', async () => {
  await start({ ...environment(), DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/none' });
  expect(await send(`/auth/google/connect?user_id=${someUser()}`)).toEqual({
    status: 500,
    body: { detail: 'Could not initiate Google auth' },
  });
  expect(served!.stderr).toMatch(/^tokenkeep: The database failed to store an OAuth state/);
  expect(served!.stderr).not.toMatch(/hunter2/);
});
