import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SECRET, SIGNED_IN, someUser, useScene } from './scene';
import { Visitor } from './visitor';

const scene = useScene();

const refreshTokenOf = async (userId: string) =>
  (await scene.keep.calendar.getCalendarTokens(userId))!.refreshToken;

const post = (headers: Record<string, string>, query = '') =>
  new Visitor().request(scene.url(`disconnect${query}`), { method: 'POST', headers });

/** A revocation endpoint that answers as it is told. */
async function revocation(status: number, body = '') {
  const asked: URLSearchParams[] = [];
  const server = createServer(async (request, response) => {
    let form = '';
    for await (const chunk of request.setEncoding('utf8')) form += chunk;
    asked.push(new URLSearchParams(form));
    response.writeHead(status).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/revoke` };
}

describe('who disconnects', () => {
  it('has nothing stored any more, and nothing that is worth anything at Google', async () => {
    const userId = someUser();
    await scene.connect(userId);
    const token = await refreshTokenOf(userId);
    const { status, text } = await post({ [SIGNED_IN]: userId, 'sec-fetch-site': 'same-origin' });
    expect([status, text]).toEqual([200, expect.stringContaining('Google Calendar disconnected')]);
    expect(await scene.row(userId)).toBeUndefined();
    expect(await scene.google.isAlive(token)).toBe(false);
    expect(scene.events).toEqual([]);
    const again = await post({ [SIGNED_IN]: userId, accept: 'application/json' });
    expect([again.status, JSON.parse(again.text)]).toEqual([200, { disconnected: false }]);
  });

  it('is one user, whom the application names, or a server with the secret', async () => {
    const [mine, other] = [someUser(), someUser()];
    await scene.connect(mine);
    await scene.connect(other);
    expect((await post({})).status).toBe(401);
    expect((await post({ [SIGNED_IN]: mine }, `?user_id=${other}`)).status).toBe(401);
    const asServer = { authorization: `Bearer ${SECRET}` };
    expect((await post(asServer)).text).toBe('{"detail":"user_id is required"}');
    const { text } = await post(asServer, `?user_id=${other}`);
    expect(JSON.parse(text)).toEqual({ disconnected: true });
    expect(await scene.row(other)).toBeUndefined();
    expect(await scene.row(mine)).toBeDefined();
  });

  it('does it by a POST, from a page of the application', async () => {
    const userId = someUser();
    await scene.connect(userId);
    const headers = { [SIGNED_IN]: userId };
    for (const method of ['GET', 'HEAD', 'DELETE']) {
      const { status } = await new Visitor().request(scene.url('disconnect'), { method, headers });
      expect(status).toBe(405);
    }
    // The last ones: a browser that says no more, and pages that hide where they are.
    for (const says of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'none', origin: 'null' },
    ] as Record<string, string>[]) {
      const foreign = await post({ ...headers, ...says });
      expect(foreign.status).toBe(403);
      expect(foreign.text).toContain('Could not disconnect Google Calendar');
    }
    expect((await post({ ...headers, origin: scene.origin }, '?return_to=x')).status).toBe(400);
    expect(await scene.row(userId)).toBeDefined();
  });

  it('goes back to a page of the application, and to no other', async () => {
    const userId = someUser();
    await scene.connect(userId);
    const headers = { [SIGNED_IN]: userId };
    const foreign = await post(headers, '?return_to=//evil.example');
    expect([foreign.status, foreign.headers.get('location')]).toEqual([400, null]);
    expect(await scene.row(userId)).toBeDefined();
    const { status, headers: answered } = await post(headers, '?return_to=/settings');
    expect([status, answered.get('location')]).toEqual([303, `${scene.origin}/settings`]);
    expect(await scene.row(userId)).toBeUndefined();
  });

  it('sees when we could not', async () => {
    scene.handle({ keep: scene.instance({ databaseUrl: 'postgres://127.0.0.1:1/none' }) });
    const { status, text } = await post({ [SIGNED_IN]: someUser() });
    expect(status).toBe(500);
    expect(text).toContain('Could not disconnect Google Calendar');
    expect(scene.errors).toMatchObject([{ code: 'ERR_TOKENKEEP_DATABASE' }]);
  });
});

describe('revocation', () => {
  const unconfirmed = (userId: string, code: string) => [
    { type: 'revoke.unconfirmed', store: 'calendar', key: userId, code },
  ];

  it('is asked of the refresh token, else of the access token, by the client', async () => {
    const { asked, url } = await revocation(200);
    const { calendar } = scene.instance({ googleRevocationUrl: url });
    const userId = someUser();
    await calendar.saveCalendarTokens(userId, 'at', 'rt', null, null);
    expect(await calendar.disconnect(userId)).toBe(true);
    await calendar.saveCalendarTokens(userId, 'at', '', null, null);
    expect(await calendar.disconnect(userId)).toBe(true);
    expect(await calendar.disconnect(userId)).toBe(false);
    const client = {
      client_id: scene.google.clientId,
      client_secret: scene.google.clientSecret,
    };
    expect(asked.map((form) => Object.fromEntries(form))).toEqual([
      { token: 'rt', token_type_hint: 'refresh_token', ...client },
      { token: 'at', token_type_hint: 'access_token', ...client },
    ]);
    expect(scene.events).toEqual([]);
  });

  it.each([
    [503, '', 'ERR_TOKENKEEP_PROVIDER_UNAVAILABLE'],
    [401, '{"error":"invalid_client"}', 'ERR_TOKENKEEP_PROVIDER_REFUSED'],
    [302, '', 'ERR_TOKENKEEP_PROVIDER_REFUSED'],
    [400, '{"error":"unsupported_token_type"}', 'ERR_TOKENKEEP_PROVIDER_REFUSED'],
  ])('that fails with %s is an event; the row is gone all the same', async (status, body, code) => {
    const { url } = await revocation(status, body);
    const { calendar } = scene.instance({ googleRevocationUrl: url });
    const userId = someUser();
    await calendar.saveCalendarTokens(userId, 'at', 'rt', null, null);
    expect(await calendar.disconnect(userId)).toBe(true);
    expect(await scene.row(userId)).toBeUndefined();
    expect(scene.events).toEqual(unconfirmed(userId, code));
    expect(JSON.stringify(scene.events)).not.toMatch(/rt"/);
  });

  it('of a token that Google does not know any more is none to worry about', async () => {
    const { url } = await revocation(400, '{"error":"invalid_token"}');
    const { calendar } = scene.instance({ googleRevocationUrl: url });
    const userId = someUser();
    await calendar.saveCalendarTokens(userId, 'at', 'rt', null, null);
    await calendar.disconnect(userId);
    expect(scene.events).toEqual([]);
  });

  it('of what cannot be opened, or without credentials, is an event', async () => {
    const userId = someUser();
    await scene.keep.calendar.saveCalendarTokens(userId, 'at', 'rt', null, null);
    const stranger = scene.instance({ tokenkeepKey: '33'.repeat(32) });
    expect(await stranger.calendar.disconnect(userId)).toBe(true);
    expect(scene.events).toEqual(unconfirmed(userId, 'ERR_TOKENKEEP_DECRYPTION'));
    scene.events = [];
    await scene.keep.calendar.saveCalendarTokens(userId, 'at', 'rt', null, null);
    await scene.instance({ googleClientId: '' }).calendar.disconnect(userId);
    expect(scene.events).toEqual(unconfirmed(userId, 'ERR_TOKENKEEP_CONFIGURATION'));
  });
});

it('a refresh under way does not bring back what the user has disconnected', async () => {
  const userId = someUser();
  await scene.connect(userId);
  await scene.database.client.query(
    'UPDATE google_calendar_tokens SET token_expiry = now() WHERE user_id = $1',
    [userId],
  );
  const { calendar } = scene.keep;
  const [got] = await Promise.all([
    calendar.getCredentialsForUser(userId).catch((error) => error.code as string),
    calendar.disconnect(userId),
  ]);
  expect(await scene.row(userId)).toBeUndefined();
  expect(await calendar.getCredentialsForUser(userId)).toBeNull();
  expect([null, 'ERR_TOKENKEEP_REVOKED', expect.any(Object)]).toContainEqual(got);
});
