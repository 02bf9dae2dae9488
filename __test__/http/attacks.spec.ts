/** Each of these is refused with a fitting page, and nothing is stored. */

import { describe, expect, it } from 'vitest';
import { OTHER_KEY } from '../helpers/database';
import { seal } from '../helpers/tk1-format';
import { startChangingProxy } from './changing-proxy';
import { SECRET, SIGNED_IN, someUser, useScene } from './scene';
import { type Visit, Visitor } from './visitor';

const scene = useScene();

/** A page that says why, and an untouched table. */
async function refused(visit: Visit, says: string | RegExp, status = 400): Promise<void> {
  expect(visit.text).toMatch(says);
  expect(visit.text).toContain('<h1>Could not connect Google Calendar</h1>');
  expect(visit.status).toBe(status);
  expect(await scene.count('google_calendar_tokens')).toBe(0);
}

const OLD = /expired or was already used/;
const BROWSER = /different browser/;
const USER = /different user/;
const INCOMPLETE = /incomplete/;

/** The same address with other parameters; `null` removes one. */
function altered(url: URL, changes: Record<string, string | null>): URL {
  const copy = new URL(url);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) copy.searchParams.delete(name);
    else copy.searchParams.set(name, value);
  }
  return copy;
}

describe('a state', () => {
  it('that nobody has made is refused before the database is asked', async () => {
    const { visitor, back } = await scene.consent(someUser());
    const forged = ['x', '', '.', 'a.1.b', `${'A'.repeat(22)}.1.${'A'.repeat(22)}`, someUser()];
    for (const state of forged) {
      const says = state === '' ? INCOMPLETE : OLD;
      await refused(await visitor.request(altered(back, { state })), says);
    }
    const keep = scene.instance({ databaseUrl: 'postgres://127.0.0.1:1/none' });
    scene.handle({ keep });
    await refused(await visitor.request(altered(back, { state: 'a.1.b' })), OLD);
    expect(scene.errors).toEqual([]);
  });

  it('that was altered is refused, and the right one still works', async () => {
    const userId = someUser();
    const { visitor, back } = await scene.consent(userId);
    const state = back.searchParams.get('state')!;
    for (const index of [0, 5, 21, 23, 25, state.length - 1]) {
      const other = state[index] === 'A' ? 'B' : 'A';
      const wrong = state.slice(0, index) + other + state.slice(index + 1);
      await refused(await visitor.request(altered(back, { state: wrong })), OLD);
    }
    expect((await visitor.request(back)).status).toBe(200);
  });

  it('that is too old is refused', async () => {
    const { visitor, back } = await scene.consent(someUser());
    await scene.database.client.query(
      `UPDATE tokenkeep.oauth_state SET expires_at = clock_timestamp()`,
    );
    await refused(await visitor.request(back), OLD);
  });

  it('that was used is refused, also in another process', async () => {
    const userId = someUser();
    const { visitor, back } = await scene.consent(userId);
    expect((await visitor.request(back)).status).toBe(200);
    await scene.database.client.query('DELETE FROM google_calendar_tokens');
    await refused(await visitor.request(back), OLD);
    scene.handle({ keep: scene.instance({ maxConnections: 2 }) });
    await refused(await visitor.request(back), OLD);
  });

  it('of another browser is refused, and not used up', async () => {
    const userId = someUser();
    const { visitor, back } = await scene.consent(userId);
    await refused(await new Visitor().request(back), BROWSER);
    const stranger = (await scene.consent(someUser())).visitor;
    await refused(await stranger.request(back), BROWSER);
    for (const cookie of ['tokenkeep=', 'tokenkeep=x', `tokenkeep=${'A'.repeat(43)}`, 'x=y']) {
      await refused(await visitor.request(back, { headers: { cookie } }), BROWSER);
    }
    expect((await visitor.request(back)).status).toBe(200);
    expect(await scene.row(userId)).toBeDefined();
  });

  it('of no browser is refused: whoever made it sends its link to somebody else', async () => {
    const userId = someUser();
    const link = await scene.keep.calendar.getAuthUrl({ userId });
    const victim = new Visitor();
    const { url } = await victim.open(link, { before: scene.redirectUri });
    await refused(await victim.request(url), BROWSER);
    await refused(await (await scene.consent(someUser())).visitor.request(url), BROWSER);
  });

  it('of another user is refused, where the application knows who is signed in', async () => {
    const visitor = new Visitor();
    const sent = await visitor.request(scene.url('connect'), {
      headers: { [SIGNED_IN]: someUser() },
    });
    const location = sent.headers.get('location')!;
    const { url: back } = await visitor.open(location, { before: scene.redirectUri });
    await refused(await visitor.request(back, { headers: { [SIGNED_IN]: someUser() } }), USER);
  });

  it('that somebody wrote into the table is refused, but with the key and in its place', async () => {
    const { visitor, back } = await scene.consent(someUser());
    const [id = ''] = back.searchParams.get('state')!.split('.');
    const place = { store: 'oauth_state', column: 'state', parts: [id] };
    const victim = {
      store: 'calendar',
      user_id: someUser(),
      browser: visitor.cookie(scene.origin, 'tokenkeep'),
      code_verifier: 'x'.repeat(43),
    };
    const state = { ...victim, redirect_uri: 'https://evil.example', scopes: [], return_to: null };
    const wrong = [
      JSON.stringify(state),
      seal(JSON.stringify(state), place, { key: OTHER_KEY }),
      seal(JSON.stringify(state), { ...place, column: 'ticket' }),
      seal(JSON.stringify(state), { ...place, store: 'calendar' }),
      seal(JSON.stringify(state), { ...place, parts: [`${id}x`] }),
    ];
    const write = 'UPDATE tokenkeep.oauth_state SET sealed = $2 WHERE id = $1';
    for (const sealed of wrong) {
      await scene.database.client.query(write, [id, sealed]);
      await refused(await visitor.request(back), /went wrong on our side/);
    }
    const codes = new Set(scene.errors.map((error) => (error as { code: string }).code));
    expect([...codes]).toEqual(['ERR_TOKENKEEP_DECRYPTION']);
    // Only now does the code reach Google, which does not confirm it.
    await scene.database.client.query(write, [id, seal(JSON.stringify(state), place)]);
    await refused(await visitor.request(back), /did not confirm/);
  });

  it('whose row was exchanged for that of another flow is refused', async () => {
    const [mine, other] = [await scene.consent(someUser()), await scene.consent(someUser())];
    const ids = [mine, other].map(({ back }) => back.searchParams.get('state')!.split('.')[0]);
    await scene.database.client.query(
      `UPDATE tokenkeep.oauth_state SET sealed =
         (SELECT sealed FROM tokenkeep.oauth_state WHERE id = $2) WHERE id = $1`,
      ids,
    );
    await refused(await mine.visitor.request(mine.back), /went wrong on our side/);
  });

  it('that is a connect link is refused, and a connect link that is a state', async () => {
    const { visitor, back } = await scene.consent(someUser());
    const link = new URL(await scene.link(someUser()));
    const value = link.searchParams.get('link')!;
    await refused(await visitor.request(altered(back, { state: value })), OLD);
    const state = back.searchParams.get('state')!;
    await refused(await visitor.request(altered(link, { link: state })), OLD);
  });
});

describe('a connect link', () => {
  it('is taken once, also when two press the button at the same moment', async () => {
    for (let round = 0; round < 10; round++) {
      const link = await scene.link(someUser());
      const press = (visitor: Visitor) =>
        visitor.request(link, { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } });
      const visits = await Promise.all([0, 1, 2, 3].map(() => press(new Visitor())));
      const statuses = visits.map(({ status }) => status).sort();
      expect(statuses).toEqual([303, 400, 400, 400]);
      const [late] = visits.filter(({ status }) => status === 400);
      await refused(late!, OLD);
      await refused(await new Visitor().request(link), OLD);
    }
  });

  it('that is too old, altered or forged is refused before and after the button', async () => {
    const link = new URL(await scene.link(someUser()));
    const value = link.searchParams.get('link')!;
    const wrong = [`${value.slice(0, -1)}${value.endsWith('A') ? 'B' : 'A'}`, 'a.1.b', ''];
    const visitor = new Visitor();
    for (const other of wrong) {
      const address = altered(link, { link: other });
      await refused(await visitor.request(address), OLD);
      await refused(await visitor.request(address, { method: 'POST' }), OLD);
    }
    await scene.database.client.query(
      `UPDATE tokenkeep.oauth_state SET expires_at = clock_timestamp()`,
    );
    await refused(await visitor.request(link), OLD);
    await refused(await visitor.request(link, { method: 'POST' }), OLD);
  });

  it('is not used up by a page of somebody else’s that posts for the visitor', async () => {
    const link = await scene.link(someUser());
    const foreign: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site', origin: 'null' },
      { 'sec-fetch-site': 'same-site', origin: 'null' },
      { 'sec-fetch-site': 'none', origin: 'null' },
      { origin: 'null' },
    ];
    for (const headers of foreign) {
      const visit = await new Visitor().request(link, { method: 'POST', headers });
      await refused(visit, /confirm this on our own page/, 403);
    }
    const visitor = new Visitor();
    expect((await visitor.open(link)).status).toBe(200);
  });

  it.each([
    ['a browser that says so', { 'sec-fetch-site': 'same-origin' }],
    [
      'such a one on a page that hides where it is',
      { 'sec-fetch-site': 'same-origin', origin: 'null' },
    ],
    ['a browser that says only its origin', { origin: 'own' }],
    ['a program', {}],
  ])('is followed from our own page by %s', async (_, says: Record<string, string>) => {
    const link = await scene.link(someUser());
    const headers = says['origin'] === 'own' ? { origin: scene.origin } : says;
    const { status } = await new Visitor().request(link, { method: 'POST', headers });
    expect(status).toBe(303);
  });

  it('for somebody else than who is signed in is refused', async () => {
    const link = await scene.link(someUser());
    const headers = { [SIGNED_IN]: someUser() };
    await refused(await new Visitor().request(link, { headers }), USER);
    await refused(await new Visitor().request(link, { method: 'POST', headers }), USER);
  });
});

describe('a code', () => {
  it('of another flow is refused by PKCE', async () => {
    const [victim, attacker] = [await scene.consent(someUser()), await scene.consent(someUser())];
    const code = attacker.back.searchParams.get('code')!;
    const injected = altered(victim.back, { code });
    await refused(await victim.visitor.request(injected), /did not confirm/);
    await refused(await victim.visitor.request(victim.back), OLD);
  });

  it.each(['missing', 'wrong'])('whose code_verifier is %s is refused', async (how) => {
    const proxy = await startChangingProxy(scene.google, {
      request({ code_verifier: verifier = '', ...rest }) {
        expect(verifier).toMatch(/^[\w-]{43}$/);
        return how === 'wrong' ? { ...rest, code_verifier: `${verifier.slice(0, -2)}AA` } : rest;
      },
    });
    scene.handle({ keep: scene.instance({ googleTokenUrl: proxy.url }) });
    const { visitor, back } = await scene.consent(someUser());
    await refused(await visitor.request(back), /did not confirm/);
    expect(proxy.requests).toHaveLength(1);
    expect(proxy.requests[0]?.status).toBe(400);
  });

  it('that comes twice at the same moment is exchanged once', async () => {
    for (let round = 0; round < 10; round++) {
      const userId = someUser();
      const { visitor, back } = await scene.consent(userId);
      const visits = await Promise.all([1, 2, 3].map(() => visitor.request(back)));
      expect(visits.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
      const credentials = await scene.keep.calendar.getCredentialsForUser(userId);
      expect(await scene.google.isAlive(credentials!.refresh_token!)).toBe(true);
    }
  });
});

describe('an answer', () => {
  it('of another authorization server is refused, and does not use the state up', async () => {
    const { visitor, back } = await scene.consent(someUser());
    expect(back.searchParams.get('iss')).toBe(scene.google.issuer);
    for (const iss of ['https://evil.example', `${scene.google.issuer}/`, '']) {
      await refused(await visitor.request(altered(back, { iss })), /did not come from Google/);
    }
    expect((await visitor.request(back)).status).toBe(200);
  });

  it.each([
    ['access_denied', /did not give access/],
    ['server_error', /returned an error/],
    ['<script>alert(1)</script>', /returned an error/],
  ])('with the error %s aborts the flow', async (error, says) => {
    const { visitor, back } = await scene.consent(someUser());
    const answer = altered(back, { error, error_description: '<b>hello</b>', code: null });
    const visit = await visitor.request(answer);
    await refused(visit, says);
    expect(visit.text).not.toMatch(/hello|alert/);
    await refused(await visitor.request(back), OLD);
  });

  it('with an error and a code is an error', async () => {
    const { visitor, back } = await scene.consent(someUser());
    const both = altered(back, { error: 'access_denied' });
    await refused(await visitor.request(both), /did not give access/);
  });

  it('that lacks something, or says it twice, or too long, is refused and uses nothing up', async () => {
    const { visitor, back } = await scene.consent(someUser());
    const long = 'x'.repeat(10_240);
    const odd = [
      altered(back, { code: null }),
      altered(back, { state: null }),
      altered(back, { code: '' }),
      altered(back, { code: long }),
      altered(back, { state: long }),
      altered(back, { iss: long }),
      altered(back, { error: long }),
    ];
    for (const name of ['state', 'code', 'iss', 'error']) {
      const twice = new URL(back);
      twice.searchParams.append(name, twice.searchParams.get(name) ?? 'a');
      if (name === 'error') twice.searchParams.append(name, 'b');
      odd.push(twice);
    }
    for (const address of odd) await refused(await visitor.request(address), INCOMPLETE);
    const unknown = altered(back, { scope: long.slice(0, 2_000), hd: 'x', authuser: '0' });
    expect((await visitor.request(unknown)).status).toBe(200);
  });

  it('is taken only by GET', async () => {
    const { visitor, back } = await scene.consent(someUser());
    for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await visitor.request(back, { method });
      expect([status, headers.get('allow')]).toEqual([405, 'GET']);
    }
    expect((await visitor.request(back)).status).toBe(200);
  });
});

describe('a return URL', () => {
  const foreign = [
    'javascript:alert(1)',
    'data:text/html,x',
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n//evil.example',
    'evil',
    '?evil',
    '',
    `/${'x'.repeat(2_000)}`,
  ];

  it.each(foreign)('%j is refused', async (returnTo) => {
    const query = `return_to=${encodeURIComponent(returnTo)}`;
    const headers = { [SIGNED_IN]: someUser() };
    const visit = await new Visitor().request(scene.url(`connect?${query}`), { headers });
    await refused(visit, INCOMPLETE);
    const asked = await fetch(scene.url(`connect?user_id=${someUser()}&${query}`), {
      headers: { authorization: `Bearer ${SECRET}` },
    });
    expect(asked.status).toBe(400);
    expect(await scene.count('tokenkeep.oauth_state')).toBe(0);
  });

  it('that only looks foreign stays at home', async () => {
    const visitor = new Visitor();
    const path = `connect?return_to=${encodeURIComponent('/%09/evil.example')}`;
    const sent = await visitor.request(scene.url(path), {
      headers: { [SIGNED_IN]: someUser() },
    });
    const { url } = await visitor.open(sent.headers.get('location')!, {
      before: `${scene.origin}/%09`,
    });
    expect(url.href).toBe(`${scene.origin}/%09/evil.example`);
  });
});

describe('?user_id=', () => {
  it('without the secret connects and disconnects nobody, also not who is signed in', async () => {
    const userId = someUser();
    await scene.keep.calendar.saveCalendarTokens(userId, 'at', 'rt', null, null);
    const headers = { [SIGNED_IN]: someUser() };
    for (const method of ['GET', 'POST']) {
      const path = method === 'GET' ? 'connect' : 'disconnect';
      for (const authorization of ['', 'Bearer x', `Basic ${SECRET}`, `Bearer ${SECRET}x`]) {
        const response = await fetch(scene.url(`${path}?user_id=${userId}`), {
          method,
          headers: { ...headers, authorization },
        });
        expect(response.status).toBe(401);
        expect(response.headers.get('www-authenticate')).toBe('Bearer');
      }
    }
    expect(await scene.row(userId)).toBeDefined();
    expect(await scene.count('tokenkeep.oauth_state')).toBe(0);
  });
});
