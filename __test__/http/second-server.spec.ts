import { expect, it, onTestFinished } from 'vitest';
import { startChangingProxy, without } from './changing-proxy';
import { someUser, useScene } from './scene';
import { startSecondServer } from './second-server.mjs';
import { Visitor } from './visitor';

const scene = useScene();

/** Another server in Google's place. */
async function useSecondServer() {
  const second = await startSecondServer(scene.redirectUri);
  onTestFinished(() => second.close());
  const options = {
    googleClientId: second.clientId,
    googleClientSecret: second.clientSecret,
    googleAuthorizationUrl: second.authorizationUrl,
    googleTokenUrl: second.tokenUrl,
    googleRevocationUrl: second.revocationUrl,
    // It does not say who it is.
    googleIssuer: undefined,
  };
  const keep = scene.instance(options);
  scene.handle({ keep });
  return { second, keep, options };
}

it('another server passes the same flow: connect, refresh after expiry, disconnect', async () => {
  const { second, keep } = await useSecondServer();
  const userId = someUser();
  expect((await scene.connect(userId)).text).toContain('Google Calendar connected');
  expect((await scene.row(userId))?.['refresh_token']).toMatch(/^tk1\./);
  const first = await keep.calendar.getCredentialsForUser(userId);
  await scene.database.client.query(
    'UPDATE google_calendar_tokens SET token_expiry = now() WHERE user_id = $1',
    [userId],
  );
  const next = await keep.calendar.getCredentialsForUser(userId);
  expect(next?.access_token).not.toBe(first?.access_token);
  expect(next?.refresh_token).not.toBe(first?.refresh_token);
  expect(second.isAlive(next!.refresh_token!)).toBe(true);
  expect(await keep.calendar.disconnect(userId)).toBe(true);
  expect(second.isAlive(next!.refresh_token!)).toBe(false);
  expect(scene.events.filter(({ type }) => type === 'revoke.unconfirmed')).toEqual([]);
});

it('another server, too, refuses a code of another flow, and one without its verifier', async () => {
  const { second, options } = await useSecondServer();
  const [mine, other] = [await scene.consent(someUser()), await scene.consent(someUser())];
  const injected = new URL(mine.back);
  injected.searchParams.set('code', other.back.searchParams.get('code')!);
  expect((await mine.visitor.request(injected)).text).toContain('did not confirm');

  const proxy = await startChangingProxy(second, {
    request: without('code_verifier'),
  });
  scene.handle({ keep: scene.instance({ ...options, googleTokenUrl: proxy.url }) });
  expect((await scene.connect(someUser(), new Visitor())).text).toContain('did not confirm');
  expect(await scene.count('google_calendar_tokens')).toBe(0);
});
