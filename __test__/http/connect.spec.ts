import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { SECRET, SIGNED_IN, someUser, useScene } from './scene';
import { Visitor } from './visitor';

const scene = useScene();

const SCOPE = 'https://www.googleapis.com/auth/calendar.events';
const asBot = { authorization: `Bearer ${SECRET}` };

describe('a link for somebody who is not signed in', () => {
  it('connects: link, page, button, Google, page, sealed row, credentials', async () => {
    const userId = someUser();
    const link = await scene.link(userId);
    expect(link).toMatch(`${scene.origin}/auth/google/connect?link=`);
    const done = await scene.connect(userId);
    expect(done.text).toContain('<h1>Google Calendar connected</h1>');
    expect(done.text).toContain('Google Calendar connected. You can close this tab.');
    expect(done.status).toBe(200);
    const row = await scene.row(userId);
    expect(row).toMatchObject({
      access_token: expect.stringMatching(/^tk1\./),
      refresh_token: expect.stringMatching(/^tk1\./),
      scopes: [SCOPE],
    });
    const credentials = await scene.keep.calendar.getCredentialsForUser(userId);
    expect(credentials).toMatchObject({ scope: SCOPE, token_type: 'Bearer' });
    const left = credentials!.expiry_date! - Date.now();
    expect(left).toBeGreaterThan(3_500_000);
    expect(left).toBeLessThanOrEqual(3_600_000);
    expect(scene.errors).toEqual([]);
  });

  it('is not used up by being looked at, however often, by whatever method', async () => {
    const userId = someUser();
    const link = await scene.link(userId);
    for (const method of ['GET', 'HEAD', 'GET']) {
      expect((await fetch(link, { method })).status).toBe(200);
    }
    const before = await scene.count('tokenkeep.oauth_state');
    const visitor = new Visitor();
    const page = await visitor.open(link);
    expect(await scene.count('tokenkeep.oauth_state')).toBe(before);
    expect((await visitor.press(page)).status).toBe(200);
  });

  it('is good for a day, and its state for ten minutes', async () => {
    const secondsLeft = async (kind: string) => {
      const sql = `SELECT extract(epoch FROM max(expires_at) - clock_timestamp())::float8 AS left
        FROM tokenkeep.oauth_state WHERE kind = $1`;
      return (await scene.database.client.query(sql, [kind])).rows[0].left;
    };
    await scene.consent(someUser());
    await scene.link(someUser());
    expect(Math.abs((await secondsLeft('ticket')) - 86_400)).toBeLessThan(60);
    expect(Math.abs((await secondsLeft('state')) - 600)).toBeLessThan(60);
  });

  it('sends no more to Google than it must, and no secret', async () => {
    const visitor = new Visitor();
    const page = await visitor.open(await scene.link(someUser()));
    const authorization = scene.google.authorizationUrl;
    const { url } = await visitor.press(page, { before: authorization });
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: scene.google.clientId,
      redirect_uri: scene.redirectUri,
      scope: SCOPE,
      state: expect.stringMatching(/^[\w-]{22}\.1\.[\w-]{22}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      access_type: 'offline',
      prompt: 'consent',
      include_granted_scopes: 'true',
    });
  });

  it('keeps nothing of a flow that is over, and nothing that can be read of one that is not', async () => {
    const userId = someUser();
    await scene.database.client.query('DELETE FROM tokenkeep.oauth_state');
    await scene.connect(userId);
    expect(await scene.count('tokenkeep.oauth_state')).toBe(0);
    const { back } = await scene.consent(userId);
    const { rows } = await scene.database.client.query('SELECT * FROM tokenkeep.oauth_state');
    expect(rows).toHaveLength(1);
    expect(rows[0].sealed).toMatch(/^tk1\./);
    const state = back.searchParams.get('state')!;
    expect(JSON.stringify(rows)).not.toContain(userId);
    expect(JSON.stringify(rows)).not.toContain(state);
  });

  it('works as an earlier version has sent it', async () => {
    const userId = someUser();
    const link = (await scene.link(userId)).replace('?link=', '?ticket=');
    const visitor = new Visitor();
    const page = await visitor.open(link);
    expect(page.text).toContain('<h1>Connect Google Calendar</h1>');
    expect((await visitor.press(page)).text).toContain('<h1>Google Calendar connected</h1>');
    expect(await scene.row(userId)).toBeDefined();
  });

  it('goes where the application says, when it is a path of its own', async () => {
    const userId = someUser();
    const visitor = new Visitor();
    const link = await scene.link(userId, '&return_to=/settings%3Ftab%3D2');
    const { url } = await visitor.press(await visitor.open(link), {
      before: `${scene.origin}/settings`,
    });
    expect(url.href).toBe(`${scene.origin}/settings?tab=2`);
    expect(await scene.row(userId)).toBeDefined();
    scene.handle({ returnTo: 'https://app.example/done' });
    const again = await visitor.press(await visitor.open(await scene.link(userId)), {
      before: 'https://app.example',
    });
    expect(again.url.href).toBe('https://app.example/done');
  });

  it('can be made in the process itself', async () => {
    const userId = someUser();
    const link = await scene.handlers.linkFor(userId, { returnTo: '/there' });
    const visitor = new Visitor();
    const there = await visitor.press(await visitor.open(link), {
      before: `${scene.origin}/there`,
    });
    expect(there.url.pathname).toBe('/there');
    for (const returnTo of ['https://evil.example', '//evil.example', 'javascript:alert(1)']) {
      await expect(scene.handlers.linkFor(userId, { returnTo })).rejects.toMatchObject({
        code: 'ERR_TOKENKEEP_INVALID_ARGUMENT',
      });
    }
  });
});

describe('the route for the application’s servers', () => {
  it('answers as the old one did', async () => {
    const send = async (query: string, headers: Record<string, string> = asBot) => {
      const response = await fetch(scene.url(`connect${query}`), { headers });
      return [response.status, await response.json()];
    };
    expect(await send('')).toEqual([400, { detail: 'user_id is required' }]);
    expect(await send('?user_id=')).toEqual([400, { detail: 'user_id is required' }]);
    expect(await send('?user_id=42')).toEqual([400, { detail: 'user_id must be a UUID' }]);
    const id = someUser();
    expect(await send(`?user_id=${id}`)).toEqual([200, { auth_url: expect.any(String) }]);
    for (const authorization of ['', 'Bearer wrong', SECRET]) {
      expect(await send(`?user_id=${id}`, { authorization })).toEqual([
        401,
        { detail: 'Unauthorized' },
      ]);
    }
    scene.handle({ keep: scene.instance({ databaseUrl: 'postgres://127.0.0.1:1/none' }) });
    expect(await send(`?user_id=${id}`)).toEqual([
      500,
      { detail: 'Could not initiate Google auth' },
    ]);
    expect(scene.errors).toMatchObject([{ code: 'ERR_TOKENKEEP_DATABASE' }]);
  });

  it('is not there without a secret', async () => {
    scene.handle({ connectSecret: '' });
    for (const authorization of ['Bearer ', 'Bearer undefined', `Bearer ${SECRET}`]) {
      const headers = { authorization };
      const response = await fetch(scene.url(`connect?user_id=${someUser()}`), { headers });
      expect(response.status).toBe(404);
    }
  });
});

describe('a user who is signed in', () => {
  it('is sent to Google at once, with a cookie that binds the flow to the browser', async () => {
    const userId = someUser();
    const visitor = new Visitor();
    const headers = { [SIGNED_IN]: userId };
    const sent = await visitor.request(scene.url('connect?return_to=/there'), { headers });
    expect(sent.status).toBe(303);
    expect(sent.headers.get('location')).toContain(scene.google.authorizationUrl);
    expect(sent.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^tokenkeep=[\w-]{43}; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/),
    ]);
    const { url } = await visitor.open(sent.headers.get('location')!, {
      before: `${scene.origin}/there`,
    });
    expect(url.pathname).toBe('/there');
    expect(await scene.row(userId)).toBeDefined();
  });

  it('may have two tabs open', async () => {
    const userId = someUser();
    const visitor = new Visitor();
    const headers = { [SIGNED_IN]: userId };
    const first = await visitor.request(scene.url('connect'), { headers });
    const second = await visitor.request(scene.url('connect'), { headers });
    for (const sent of [first, second]) {
      expect((await visitor.open(sent.headers.get('location')!)).status).toBe(200);
    }
  });

  it('gets JSON where a program asks', async () => {
    const headers = { [SIGNED_IN]: someUser(), accept: 'application/json' };
    const visitor = new Visitor();
    const sent = await visitor.request(scene.url('connect'), { headers });
    expect(sent.status).toBe(200);
    const { auth_url: url } = JSON.parse(sent.text);
    const { url: back } = await visitor.open(url, { before: scene.redirectUri });
    const done = await visitor.request(back, { headers: { accept: 'application/json' } });
    expect([done.status, JSON.parse(done.text)]).toEqual([
      200,
      { connected: true, account_changed: false },
    ]);
    const again = await visitor.request(back, { headers: { accept: 'application/json' } });
    expect([again.status, JSON.parse(again.text)]).toEqual([
      400,
      { error: 'expired', detail: expect.stringContaining('already used') },
    ]);
  });

  it('is asked to sign in when nobody is', async () => {
    const { status, text } = await new Visitor().request(scene.url('connect'));
    expect(status).toBe(401);
    expect(text).toContain('Please sign in first.');
    scene.handle({ userId: undefined });
    expect((await fetch(scene.url('connect'))).status).toBe(401);
  });

  it('sees that something failed on our side, and the operator sees the cause', async () => {
    scene.handle({
      keep: scene.instance({ databaseUrl: 'postgres://127.0.0.1:1/none' }),
      userId: () => someUser(),
    });
    const { status, text } = await new Visitor().request(scene.url('connect'));
    expect(status).toBe(500);
    // There was no link, so the advice must not take one for granted.
    expect(text).toContain(
      'Something went wrong on our side. Please try again. If a link brought you here, request a new one.',
    );
    expect(scene.errors).toMatchObject([{ code: 'ERR_TOKENKEEP_DATABASE' }]);
  });
});

describe('with https', () => {
  it('the cookie is Secure, and no other host can set it', async () => {
    const redirectUri = 'https://app.example/api/google/callback';
    const keep = scene.instance({ googleOauthRedirectUri: redirectUri });
    scene.handle({ keep, userId: () => someUser() });
    const response = await scene.handlers.connect(new Request('http://10.0.0.1/whatever'));
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-tokenkeep=[\w-]{43}; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/,
      ),
    ]);
    expect(scene.handlers.paths()).toEqual({
      connect: '/api/google/connect',
      callback: '/api/google/callback',
      disconnect: '/api/google/disconnect',
    });
    expect(await scene.handlers.linkFor(someUser())).toMatch(
      'https://app.example/api/google/connect?link=',
    );
  });
});

describe('every page', () => {
  it('forbids what it does not need', async () => {
    const visitor = new Visitor();
    const pages = [
      await visitor.open(await scene.link(someUser())),
      await visitor.open(scene.url('callback')),
      await visitor.open(scene.url('connect')),
      await scene.connect(someUser()),
    ];
    for (const [index, { headers, text }] of pages.entries()) {
      const form = index === 0 ? `'self' ${scene.google.issuer}` : "'none'";
      expect(headers.get('content-security-policy')).toMatch(
        new RegExp(
          `^default-src 'none'; style-src 'sha256-[\\w+/]{43}='; form-action ${form}; base-uri 'none'; frame-ancestors 'none'$`,
        ),
      );
      // With no-referrer its form would say `Origin: null`, as any page can.
      const referrer = index === 0 ? 'same-origin' : 'no-referrer';
      expect(headers.get('referrer-policy')).toBe(referrer);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(text).not.toMatch(/<script|javascript:|\son\w+=|https?:\/\//i);
      expect(Buffer.byteLength(text)).toBeLessThan(4_096);
    }
  });

  it('says what the application wants it to say, never as HTML', async () => {
    scene.handle({
      texts: {
        lang: 'de',
        connect: { heading: 'Kalender <b>verbinden</b>', button: 'Weiter & los' },
        reasons: { expired: 'Zu alt.' },
        tryAgainLabel: 'Bitte um einen neuen Link bitten.',
      },
    });
    const { text } = await new Visitor().open(await scene.link(someUser()));
    expect(text).toContain('<html lang="de">');
    expect(text).toContain('<h1>Kalender &lt;b&gt;verbinden&lt;/b&gt;</h1>');
    expect(text).toContain('<button>Weiter &amp; los</button>');
    expect(text).toContain('Google will ask which account to connect');
    const old = await new Visitor().open(scene.url('connect?link=a.1.b'));
    expect(old.text).toContain('Zu alt. Bitte um einen neuen Link bitten.');
  });

  it.each([
    ['goOn', { goOn: 'Weiter' }, 'lang, connect, connected, accountChanged, disconnected, failed'],
    ['connect.title', { connect: { title: 'Kalender' } }, 'heading, text, button'],
    ['reasons.too_old', { reasons: { too_old: 'Zu alt.' } }, 'denied, expired, another_browser'],
    ['toString', { toString: 'Weiter' }, 'lang, connect'],
  ])('refuses a text that no page has: %s', (name, texts, known) => {
    const refused = expect.objectContaining({
      name: 'InvalidArgumentError',
      argument: `texts.${name}`,
      message: expect.stringContaining(`texts.${name}: unknown text, must be one of ${known}`),
    });
    expect(() => scene.handle({ texts: texts as object })).toThrow(refused);
    expect(() => scene.handle({ texts: { [name]: undefined } as object })).not.toThrow();
  });
});

it('a failure on our side is a warning where nobody listens', async () => {
  const keep = scene.instance({ databaseUrl: 'postgres://127.0.0.1:1/none' });
  scene.handle({ keep, userId: () => someUser(), onError: undefined });
  const warned = once(process, 'warning');
  expect((await fetch(scene.url('connect'))).status).toBe(500);
  const [warning] = await warned;
  expect(warning).toMatchObject({ name: 'TokenkeepWarning' });
  expect(warning.message).toMatch(/^tokenkeep\/http: The database failed to store an OAuth state/);
});
