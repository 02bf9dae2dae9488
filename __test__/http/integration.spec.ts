/** Users connect to the integration store. */

import { describe, expect, it } from 'vitest';
import { startChangingProxy, without } from './changing-proxy';
import { SIGNED_IN, useScene } from './scene';
import { Visitor } from './visitor';

const scene = useScene();

/** The application's ids are its own here. */
const USER = 'user-1';

describe('with the option store', () => {
  it('the tokens are those of google in the integration store', async () => {
    scene.handle({ store: 'integration' });
    expect((await scene.connect(USER)).text).toContain('Google Calendar connected');
    const { integration } = scene.keep;
    const token = await integration.getToken(USER, 'google');
    expect(token).toMatchObject({ refreshToken: expect.any(String), scopes: [expect.any(String)] });
    expect(await scene.count('google_calendar_tokens')).toBe(0);
    expect(await integration.connectionStatus(USER, 'google')).toMatchObject({ active: true });

    const { accessToken } = await integration.getValidToken(USER, 'google', {
      forceRefresh: true,
    });
    expect(accessToken).not.toBe(token?.accessToken);
    const headers = { [SIGNED_IN]: USER };
    const gone = await new Visitor().request(scene.url('disconnect'), { method: 'POST', headers });
    expect(gone.status).toBe(200);
    expect(await integration.getToken(USER, 'google')).toBeNull();
  });

  it('a consent without a refresh token keeps one that is alive, and no other', async () => {
    scene.handle({ store: 'integration' });
    await scene.connect(USER);
    const before = await scene.keep.integration.getToken(USER, 'google');
    const { url } = await startChangingProxy(scene.google, {
      answer: without('refresh_token'),
    });
    scene.handle({ store: 'integration', keep: scene.instance({ googleTokenUrl: url }) });
    expect((await scene.connect(USER)).status).toBe(200);
    const after = await scene.keep.integration.getToken(USER, 'google');
    expect(after?.refreshToken).toBe(before?.refreshToken);
    expect(after?.accessToken).not.toBe(before?.accessToken);
    await scene.database.client.query('UPDATE integration_tokens SET invalid_since = now()');
    expect((await scene.connect(USER)).text).toContain('did not give permanent access');
  });

  it('a link or a state of one store is nothing to the other', async () => {
    const calendarUser = '6f0f9f2e-3b1a-4f0e-9d35-0d8f9a1c2b3d';
    const link = await scene.link(calendarUser);
    const { visitor, back } = await scene.consent(calendarUser);
    scene.handle({ store: 'integration' });
    for (const method of ['GET', 'POST']) {
      const { status, text } = await visitor.request(link, { method });
      expect([status, text]).toEqual([400, expect.stringContaining('has expired')]);
    }
    expect((await visitor.request(back)).text).toContain('has expired');
    scene.handle();
    expect((await visitor.request(back)).status).toBe(200);
  });
});
