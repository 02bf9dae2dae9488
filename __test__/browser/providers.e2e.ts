import { expect, it, onTestFinished } from 'vitest';
import { createConnectHandlers, type NodeRequest, toNodeListener } from '../../dist/http/index.js';
import type { ProviderSettings } from '../../dist/index.js';
import { type Google, startGoogle } from '../../support/google.mjs';
import { useScene } from '../http/scene';
import { consent, heading, useChromium } from './chromium';

const scene = useScene();
const profile = useChromium();

const USER = 'user-1';
const SCOPE = 'https://www.googleapis.com/auth/calendar.events';

const described = (title: string, server: Google): ProviderSettings => ({
  title,
  clientId: server.clientId,
  clientSecret: server.clientSecret,
  issuer: server.issuer,
  authorizationUrl: server.authorizationUrl,
  tokenUrl: server.tokenUrl,
  revocationUrl: server.revocationUrl,
  authorizationParameters: { prompt: 'consent', access_type: 'offline' },
});

it('a user connects two providers by the links of one mount, and disconnects one', async () => {
  const base = `${scene.origin}/oauth`;
  const start = (name: string) =>
    startGoogle({ redirectUri: `${base}/callback/${name}`, pages: true });
  const [acme, hooli] = [await start('acme'), await start('hooli')];
  onTestFinished(async () => {
    await acme.close();
    await hooli.close();
  });
  const keep = scene.instance({
    providers: { acme: described('Acme', acme), hooli: described('Hooli', hooli) },
  });
  const handlers = createConnectHandlers<NodeRequest>({
    keep,
    url: base,
    scopes: { acme: [SCOPE], hooli: [SCOPE] },
    userId: () => USER,
  });
  scene.application = toNodeListener(handlers);

  const user = await profile({ viewport: { width: 360, height: 740 } });
  for (const [provider, title, email] of [
    ['acme', 'Acme', 'ann@acme.example'],
    ['hooli', 'Hooli', 'ann@hooli.example'],
  ] as const) {
    await user.page.goto(await handlers.linkFor(USER, { provider }));
    expect(await heading(user.page)).toBe(`Connect ${title}`);
    await user.page.getByRole('button', { name: `Continue to ${title}` }).click();
    await consent(user, email);
    expect(await heading(user.page)).toBe(`${title} connected`);
    expect(await keep.integration.getToken(USER, provider)).toMatchObject({ scopes: [SCOPE] });
  }
  expect(user.complaints).toEqual([]);

  const settings = `${base}/settings`;
  const body = `<form method="post" action="disconnect/acme"><button>Disconnect</button></form>`;
  await user.page.route(settings, (route) => route.fulfill({ contentType: 'text/html', body }));
  await user.page.goto(settings);
  await user.page.getByRole('button', { name: 'Disconnect' }).click();
  expect(await heading(user.page)).toBe('Acme disconnected');
  expect(await keep.integration.getToken(USER, 'acme')).toBeNull();
  expect(await keep.integration.getToken(USER, 'hooli')).not.toBeNull();
});
