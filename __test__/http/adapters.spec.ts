/** The routes in the real frameworks. */

import { describe, expect, it } from 'vitest';
import { newGate } from '../helpers/promises';
import { type Application, APPLICATIONS, OWN_ANSWER, OWN_COOKIE, type Told } from './applications';
import { half, raw } from './raw';
import { SECRET, SIGNED_IN, someUser, useScene } from './scene';
import { Visitor } from './visitor';

const scene = useScene();

async function start({ start: begin }: Application, more: Partial<Told> = {}): Promise<void> {
  scene.application = await begin({
    keep: scene.keep,
    connectSecret: SECRET,
    onError: (error) => void scene.errors.push(error),
    who: async (header) => header?.toString(),
    ...more,
  });
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' };

describe.each(APPLICATIONS)('$name', (application) => {
  it('connects by a link, and disconnects by a form', async () => {
    await start(application);
    const userId = someUser();
    const done = await scene.connect(userId);
    expect(done).toMatchObject({ status: 200, text: expect.stringContaining('connected.') });
    const sealed = expect.stringMatching(/^tk1\./);
    expect(await scene.row(userId)).toMatchObject({ access_token: sealed, refresh_token: sealed });
    const gone = await fetch(scene.url('disconnect'), {
      method: 'POST',
      headers: { ...FORM, [SIGNED_IN]: userId, 'sec-fetch-site': 'same-origin' },
      body: 'button=',
    });
    expect(gone.status).toBe(200);
    expect(await gone.text()).toContain('disconnected.');
    expect(await scene.row(userId)).toBeUndefined();
    expect(scene.errors).toEqual([]);
  });

  it('connects whoever its own request says is signed in, and keeps both cookies', async () => {
    await start(application);
    const userId = someUser();
    const visitor = new Visitor();
    const begun = await visitor.request(scene.url('connect'), { headers: { [SIGNED_IN]: userId } });
    expect(begun.status).toBe(303);
    const cookies = begun.headers.getSetCookie().map((line) => line.split(';', 1)[0]);
    expect(cookies).toEqual(
      expect.arrayContaining([OWN_COOKIE, expect.stringMatching(/^tokenkeep=/)]),
    );
    expect(cookies).toHaveLength(2);
    const back = await visitor.open(String(begun.headers.get('location')));
    expect(back.status).toBe(200);
    expect(await scene.row(userId)).toBeDefined();
  });

  it('shows our pages under our policies, whatever the application has', async () => {
    await start(application);
    const page = await new Visitor().request(scene.url('callback'));
    expect(page.status).toBe(400);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
  });

  it('answers other paths itself', async () => {
    await start(application);
    const encoded = application.decodes ? [] : ['/auth/google/%63onnect'];
    const odd = ['//auth/google/connect', '/auth/google/connect/x', '/%2Fauth/google/connect'];
    for (const path of ['/', '/auth', '/auth/google/other', ...odd, ...encoded]) {
      const answer = await raw(scene.origin, `GET ${path} HTTP/1.1`);
      expect(answer, path).toMatch(/^HTTP\/1.1 200 /);
      expect(answer, path).toContain(OWN_ANSWER);
    }
    expect(scene.errors).toEqual([]);
  });

  it('stays up for a path that cannot be decoded', async () => {
    await start(application);
    for (const path of ['/auth/google/connect?user_id=%ff%zz', '/auth/google/connect%ff', '/%']) {
      expect(await raw(scene.origin, `GET ${path} HTTP/1.1`), path).toMatch(/^HTTP\/1.1 [24]\d\d /);
    }
    expect(scene.errors).toEqual([]);
  });

  it('answers HEAD without a body, and without using anything up', async () => {
    await start(application);
    const userId = someUser();
    const link = await scene.link(userId);
    const head = await fetch(link, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await head.text()).toBe('');
    const { visitor, back } = await scene.consent(userId);
    expect((await visitor.request(back, { method: 'HEAD' })).status).toBe(405);
    expect((await visitor.open(back)).status).toBe(200);
    const page = await visitor.open(link);
    expect((await visitor.press(page)).status).toBe(200);
  });

  it('refuses methods that no Request can have', async () => {
    await start(application);
    const { methodNotAllowed: status = 405 } = application;
    for (const path of ['connect', 'callback', 'disconnect']) {
      const answer = await raw(scene.origin, `TRACE /auth/google/${path} HTTP/1.1`);
      expect(answer, path).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    }
    expect(scene.errors).toEqual([]);
  });

  it('disconnects whatever the body of the request is', async () => {
    await start(application);
    for (const type of ['application/json', 'text/xml', 'multipart/form-data; boundary=b']) {
      const body = type.includes('json') ? '{}' : '<a/>';
      const headers = { 'content-type': type, accept: 'application/json', [SIGNED_IN]: someUser() };
      const answer = await fetch(scene.url('disconnect'), { method: 'POST', headers, body });
      expect(await answer.json(), type).toEqual({ disconnected: false });
    }
  });

  it('goes on when a client goes away in the middle', async () => {
    const [asked, gone, closed] = [newGate(), newGate(), newGate()];
    const userId = someUser();
    await start(application, {
      who: async (header) => {
        asked.open();
        await gone.opened;
        return header?.toString();
      },
    });
    const listener = scene.application;
    scene.application = (request, response) => {
      response.once('close', closed.open);
      listener?.(request, response);
    };
    const path = '/auth/google/connect';
    const hangUp = await half(scene.origin, `GET ${path} HTTP/1.1`, `${SIGNED_IN}: ${userId}`);
    await asked.opened;
    await hangUp();
    await closed.opened;
    gone.open();
    expect((await scene.connect(userId)).status).toBe(200);
    expect(scene.errors).toEqual([]);
  });
});
