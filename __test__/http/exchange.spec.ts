/** The functions behind the routes, for applications with routes of their own. */

import { afterEach, describe, expect, it } from 'vitest';
import * as calendar from '../../dist/calendar.mjs';
import { AuthorizationError, close } from '../../dist/index.js';
import { failureOf } from '../helpers/promises';
import { startChangingProxy } from './changing-proxy';
import { someUser, useScene } from './scene';
import { Visitor } from './visitor';

const scene = useScene();

/** What Google sends the browser back with. */
async function agreeAt(url: string): Promise<{ code: string; state: string; iss: string }> {
  const visit = await new Visitor().open(url, { before: scene.redirectUri });
  const parameters = Object.fromEntries(visit.url.searchParams);
  return parameters as { code: string; state: string; iss: string };
}

describe('tokenkeep/calendar', () => {
  afterEach(async () => {
    for (const name of Object.keys(environment())) delete process.env[name];
    await close();
  });

  const environment = () => ({
    DATABASE_URL: scene.database.url,
    TOKENKEEP_KEY: '11'.repeat(32),
    GOOGLE_CLIENT_ID: scene.google.clientId,
    GOOGLE_CLIENT_SECRET: scene.google.clientSecret,
    GOOGLE_OAUTH_REDIRECT_URI: scene.redirectUri,
    TOKENKEEP_GOOGLE_AUTHORIZATION_URL: scene.google.authorizationUrl,
    TOKENKEEP_GOOGLE_TOKEN_URL: scene.google.tokenUrl,
    TOKENKEEP_GOOGLE_ISSUER: scene.google.issuer,
  });

  it('has the old names, and connects a user by the environment alone', async () => {
    expect(Object.keys(calendar).sort()).toEqual([
      'deleteCalendarTokens',
      'exchangeCodeForTokens',
      'getAuthUrl',
      'getCalendarTokens',
      'getCredentialsForUser',
      'saveCalendarTokens',
    ]);
    Object.assign(process.env, environment());
    const userId = someUser();
    const browser = 'the session of this browser';
    const { code, state, iss } = await agreeAt(await calendar.getAuthUrl({ userId, browser }));
    const done = calendar.exchangeCodeForTokens(userId, code, { state, browser, iss });
    await expect(done).resolves.toBeUndefined();
    expect(await calendar.getCredentialsForUser(userId)).toMatchObject({ token_type: 'Bearer' });
    await calendar.deleteCalendarTokens(userId);
    expect(await calendar.getCalendarTokens(userId)).toBeNull();
  });

  it('says what is missing', async () => {
    const lacking = {
      GOOGLE_OAUTH_REDIRECT_URI: 'GOOGLE_OAUTH_REDIRECT_URI: is not set',
      GOOGLE_CLIENT_ID: 'GOOGLE_CLIENT_ID: is not set',
      GOOGLE_CLIENT_SECRET: 'GOOGLE_CLIENT_SECRET: is not set',
      TOKENKEEP_KEY: 'TOKENKEEP_KEY: is not set',
    };
    for (const [name, says] of Object.entries(lacking)) {
      Object.assign(process.env, environment());
      delete process.env[name];
      const failure = await failureOf(calendar.getAuthUrl({ userId: someUser() }));
      expect(failure.message).toContain(says);
    }
  });
});

describe('exchangeCodeForTokens', () => {
  const begin = async (userId: string, browser?: string) =>
    agreeAt(await scene.keep.calendar.getAuthUrl({ userId, browser }));

  it.each([
    ['another user', 'another_user', { userId: someUser() }],
    ['another browser', 'another_browser', { browser: 'b2' }],
    ['no browser', 'another_browser', { browser: undefined }],
    ['another server', 'another_issuer', { iss: 'https://evil.example' }],
    ['a state that nobody made', 'expired', { state: 'a.1.b' }],
  ])('refuses %s, and uses nothing up', async (_, reason, changes) => {
    const { exchangeCodeForTokens } = scene.keep.calendar;
    const userId = someUser();
    const { code, state, iss } = await begin(userId, 'b1');
    const right = { userId, state, browser: 'b1', iss };
    const { userId: asked, ...options } = { ...right, ...changes };
    const failure = await failureOf(exchangeCodeForTokens(asked, code, options));
    expect(failure).toBeInstanceOf(AuthorizationError);
    expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_AUTHORIZATION', reason });
    expect(await scene.count('google_calendar_tokens')).toBe(0);
    await exchangeCodeForTokens(userId, code, right);
    expect(await scene.row(userId)).toBeDefined();
  });

  it('takes a state once, and a code of another flow never', async () => {
    const { exchangeCodeForTokens } = scene.keep.calendar;
    const userId = someUser();
    const [one, two] = [await begin(userId), await begin(userId)];
    const injected = exchangeCodeForTokens(userId, two.code, { state: one.state });
    expect(await failureOf(injected)).toMatchObject({ reason: 'code_refused' });
    const again = exchangeCodeForTokens(userId, one.code, { state: one.state });
    expect(await failureOf(again)).toMatchObject({ reason: 'expired' });
    await exchangeCodeForTokens(userId, two.code, { state: two.state });
  });

  it('refuses what cannot be right before anything is sent', async () => {
    const { getAuthUrl, exchangeCodeForTokens } = scene.keep.calendar;
    const userId = someUser();
    const { code, state } = await begin(userId);
    const wrong: [string, () => Promise<unknown>][] = [
      ['userId', () => getAuthUrl({ userId: 'user-1' })],
      ['userId', () => getAuthUrl({} as never)],
      ['options', () => getAuthUrl(undefined as never)],
      ['browser', () => getAuthUrl({ userId, browser: 'x'.repeat(1_025) })],
      ['scopes', () => getAuthUrl({ userId, scopes: [''] })],
      ['scopes', () => getAuthUrl({ userId, scopes: 'calendar' as never })],
      ['options', () => exchangeCodeForTokens(userId, code, undefined as never)],
      ['options.state', () => exchangeCodeForTokens(userId, code, {} as never)],
      ['code', () => exchangeCodeForTokens(userId, 7 as never, { state })],
      ['code', () => exchangeCodeForTokens(userId, '', { state })],
      ['code', () => exchangeCodeForTokens(userId, 'x'.repeat(4_097), { state })],
      ['userId', () => exchangeCodeForTokens('user-1', code, { state })],
    ];
    for (const [argument, call] of wrong) {
      expect(await failureOf(call())).toMatchObject({
        code: 'ERR_TOKENKEEP_INVALID_ARGUMENT',
        argument,
      });
    }
    await exchangeCodeForTokens(userId, code, { state });
  });

  it('is waited for by close', async () => {
    const { url, script } = await startChangingProxy(scene.google, {});
    script(async ({ form }) => {
      const body = new URLSearchParams(form);
      const answer = await fetch(scene.google.tokenUrl, { method: 'POST', body });
      await new Promise((resolve) => setTimeout(resolve, 300));
      return { status: answer.status, body: await answer.text() };
    });
    const keep = scene.instance({ googleTokenUrl: url });
    const userId = someUser();
    const { code, state } = await begin(userId);
    const exchanging = keep.calendar.exchangeCodeForTokens(userId, code, { state });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await keep.close()).toBe(true);
    await exchanging;
    expect(await scene.row(userId)).toBeDefined();
  });

  it('repeats no error that may be a token, whoever says it', async () => {
    const secret = 'ghoAbCdEfGhIjKlMnOpQrStUvWxYz';
    const userId = someUser();
    const { code, state, iss } = await begin(userId);
    const answered = { state, error: secret, issuer: iss, requiresBrowser: false, userId };
    const finish = scene.keep.connector.finish('calendar', answered as never);
    const fromBrowser = await failureOf(finish);
    expect(fromBrowser).toMatchObject({ reason: 'server_refused' });
    const endpoint = await startChangingProxy(scene.google, {});
    endpoint.script(() => ({ status: 400, body: { error: secret } }));
    const keep = scene.instance({ googleTokenUrl: endpoint.url });
    const again = await begin(userId);
    const exchange = keep.calendar.exchangeCodeForTokens(userId, code, { state: again.state });
    const fromEndpoint = await failureOf(exchange);
    expect(fromEndpoint).toMatchObject({ reason: 'code_refused' });
    for (const failure of [fromBrowser, fromEndpoint]) {
      expect(`${failure.stack} ${JSON.stringify(failure)}`).not.toContain(secret);
    }
  });

  it.each([
    ['lifetime', { expires_in: 0 }],
    ['lifetime that no year holds', { expires_in: 631_138_518 }],
  ])('stores tokens with an odd %s', async (_, odd) => {
    const { url } = await startChangingProxy(scene.google, {
      answer: (said) => ({ ...said, ...odd }),
    });
    const keep = scene.instance({ googleTokenUrl: url });
    const userId = someUser();
    const { code, state } = await begin(userId);
    await keep.calendar.exchangeCodeForTokens(userId, code, { state });
    expect(await keep.calendar.getCredentialsForUser(userId)).toMatchObject({
      access_token: expect.any(String),
      refresh_token: expect.any(String),
    });
  });

  it('says of unauthorized_client that it is the application, not the user', async () => {
    const endpoint = await startChangingProxy(scene.google, {});
    endpoint.script(() => ({ status: 401, body: { error: 'unauthorized_client' } }));
    const keep = scene.instance({ googleTokenUrl: endpoint.url });
    const userId = someUser();
    const { code, state } = await begin(userId);
    const failure = await failureOf(keep.calendar.exchangeCodeForTokens(userId, code, { state }));
    expect(failure).toMatchObject({ reason: 'client_rejected' });
  });

  it('repeats no code, no verifier and no token in an error', async () => {
    const { exchangeCodeForTokens } = scene.keep.calendar;
    const { state } = await begin(someUser());
    const failure = await failureOf(exchangeCodeForTokens(someUser(), 'SECRET-code', { state }));
    expect(`${failure.stack} ${JSON.stringify(failure)}`).not.toContain('SECRET');
  });
});
