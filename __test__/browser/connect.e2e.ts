import { expect, it } from 'vitest';
import { someUser, useScene } from '../http/scene';
import { consent, heading, useChromium } from './chromium';

const scene = useScene({ pages: true });
const profile = useChromium();

const SIGNED_IN = /(?:^|; )user=([^;]+)/;

/** The application's own sign-in: a cookie. */
const signIn = () => {
  scene.handle({ userId: (request) => SIGNED_IN.exec(request.headers.get('cookie') ?? '')?.[1] });
};

it('a signed-in user connects, is refreshed after expiry, and disconnects', async () => {
  signIn();
  const userId = someUser();
  const user = await profile();
  await user.page.context().addCookies([{ name: 'user', value: userId, url: scene.origin }]);
  await user.page.goto(scene.url('connect'));
  await consent(user, 'ann@example.com');
  expect(await heading(user.page)).toBe('Google Calendar connected');
  expect(await user.page.title()).toBe('Google Calendar connected. You can close this tab.');

  const row = await scene.row(userId);
  expect(row?.['access_token']).toMatch(/^tk1\./);
  expect(row?.['refresh_token']).toMatch(/^tk1\./);
  const { calendar } = scene.keep;
  const first = await calendar.getCredentialsForUser(userId);
  expect(first).toMatchObject({ access_token: expect.any(String), token_type: 'Bearer' });
  await scene.database.client.query(
    `UPDATE google_calendar_tokens SET token_expiry = now() WHERE user_id = $1`,
    [userId],
  );
  const second = await calendar.getCredentialsForUser(userId);
  expect(second?.access_token).not.toBe(first?.access_token);
  expect(scene.google.tokenRequests()).toBe(1);

  // The application's page, with a form.
  const settings = scene.url('settings');
  const body = `<form method="post" action="disconnect"><button>Disconnect</button></form>`;
  await user.page.route(settings, (route) => route.fulfill({ contentType: 'text/html', body }));
  await user.page.goto(settings);
  await user.page.getByRole('button', { name: 'Disconnect' }).click();
  expect(await heading(user.page)).toBe('Google Calendar disconnected');
  expect(await scene.row(userId)).toBeUndefined();
  expect(await calendar.getCredentialsForUser(userId)).toBeNull();
  // What was revoked is worth nothing any more.
  expect(await scene.google.isAlive(second!.refresh_token!)).toBe(false);
  expect(user.complaints).toEqual([]);
  expect([...user.origins].sort()).toEqual([scene.origin, scene.google.issuer].sort());
});

it('a link that a bot asked for works in another profile, without scripts, and once', async () => {
  const userId = someUser();
  const link = await scene.link(userId);
  const phone = await profile({ javaScriptEnabled: false, viewport: { width: 360, height: 740 } });
  await phone.page.goto(link);
  expect(await heading(phone.page)).toBe('Connect Google Calendar');
  await phone.page.getByRole('button', { name: 'Continue to Google' }).click();
  await consent(phone, 'ben@example.com');
  expect(await heading(phone.page)).toBe('Google Calendar connected');
  expect(await scene.keep.calendar.getCredentialsForUser(userId)).not.toBeNull();
  expect(phone.complaints).toEqual([]);

  const other = await profile();
  await other.page.goto(link);
  expect(await heading(other.page)).toBe('Could not connect Google Calendar');
});

it('a user who does not agree sees a page that says so, and begins again from there', async () => {
  signIn();
  const userId = someUser();
  const user = await profile();
  await user.page.context().addCookies([{ name: 'user', value: userId, url: scene.origin }]);
  await user.page.goto(scene.url('connect'));
  await consent(user, 'ann@example.com', 'Cancel');
  expect(await heading(user.page)).toBe('Could not connect Google Calendar');
  expect(await user.page.locator('p').first().innerText()).toContain('did not give access');
  expect(await scene.row(userId)).toBeUndefined();
  await user.page.getByRole('link', { name: 'Try again' }).click();
  await user.page.getByRole('button', { name: 'Allow' }).click();
  expect(await heading(user.page)).toBe('Google Calendar connected');
});

it('who sends the address of a consent screen to somebody else connects nothing', async () => {
  const userId = someUser();
  const mallory = await profile();
  await mallory.page.goto(await scene.link(userId));
  const sent = mallory.page
    .waitForRequest((request) => request.url().startsWith(scene.google.authorizationUrl))
    .then((request) => request.url());
  await mallory.page.getByRole('button', { name: 'Continue to Google' }).click();
  await mallory.page.getByLabel('Account').waitFor();
  const authorization = await sent;
  const victim = await profile();
  await victim.page.goto(authorization);
  await consent(victim, 'victim@example.com');
  expect(await heading(victim.page)).toBe('Could not connect Google Calendar');
  expect(await victim.page.locator('p').innerText()).toContain('different browser');
  expect(await scene.row(userId)).toBeUndefined();
});
