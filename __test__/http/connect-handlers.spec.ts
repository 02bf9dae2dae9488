/** Users connect accounts at any provider: two real authorization servers, one mount. */

import { fastify } from 'fastify';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  createConnectHandlers,
  type ConnectHandlers,
  type ConnectHandlersOptions,
  type NodeRequest,
  toFastifyPlugin,
  toNodeListener,
} from '../../dist/http/index.js';
import type { ProviderSettings, TokenKeep } from '../../dist/index.js';
import { fakeTokenKeep } from '../../dist/testing/index.js';
import { type Google, startGoogle } from '../../support/google.mjs';
import { failureOf } from '../helpers/promises';
import { SECRET, SIGNED_IN, someUser, useScene } from './scene';
import { startSecondServer } from './second-server.mjs';
import { Visitor } from './visitor';

const scene = useScene();
const SCOPE = 'https://www.googleapis.com/auth/calendar.events';

/** The signed-in user of a test. */
let user: string;
let acme: Google;
let second: Awaited<ReturnType<typeof startSecondServer>>;
let keep: TokenKeep;
let handlers: ConnectHandlers<NodeRequest>;

const base = () => `${scene.origin}/oauth`;

beforeEach(async () => {
  user = someUser();
  acme = await startGoogle({ redirectUri: `${base()}/callback/acme` });
  second = await startSecondServer(`${base()}/callback/other`);
  onTestFinished(async () => {
    await acme.close();
    second.close();
  });
  keep = scene.instance({ providers: providers() });
  use();
});

const providers = (): Record<string, ProviderSettings> => ({
  acme: {
    title: 'Acme',
    clientId: acme.clientId,
    clientSecret: acme.clientSecret,
    issuer: acme.issuer,
    authorizationUrl: acme.authorizationUrl,
    tokenUrl: acme.tokenUrl,
    revocationUrl: acme.revocationUrl,
    authorizationParameters: { prompt: 'consent', access_type: 'offline' },
  },
  other: {
    clientId: second.clientId,
    clientSecret: second.clientSecret,
    authorizationUrl: second.authorizationUrl,
    tokenUrl: second.tokenUrl,
    revocationUrl: second.revocationUrl,
  },
});

/** Serves with these options. */
function use(options: ConnectHandlersOptions<NodeRequest> = {}): void {
  handlers = createConnectHandlers<NodeRequest>({
    keep,
    url: base(),
    connectSecret: SECRET,
    scopes: { acme: ['openid', SCOPE], other: ['read'] },
    userId: (request) => request.headers.get(SIGNED_IN),
    onError: (error) => void scene.errors.push(error),
    ...options,
  });
  scene.application = toNodeListener(handlers);
}

/** The signed-in user starts at a path, and follows where that leads. */
async function connect(path: string, visitor = new Visitor()) {
  const headers = { [SIGNED_IN]: user };
  const started = await visitor.request(`${base()}/connect/${path}`, { headers });
  return visitor.open(started.headers.get('location')!);
}

describe('createConnectHandlers', () => {
  it('connects a user at two providers, refreshes and disconnects each', async () => {
    expect((await connect('acme')).text).toContain('Acme connected');
    expect((await connect('other')).text).toContain('other connected');
    const token = await keep.integration.getToken(user, 'acme');
    expect(token?.scopes).toEqual(['openid', SCOPE]);
    for (const provider of ['acme', 'other']) {
      const before = await keep.integration.getToken(user, provider);
      const after = await keep.integration.getValidToken(user, provider, { forceRefresh: true });
      expect(after.accessToken).not.toBe(before?.accessToken);
      const headers = { [SIGNED_IN]: user };
      const url = `${base()}/disconnect/${provider}`;
      const gone = await new Visitor().request(url, { method: 'POST', headers });
      expect(gone.text).toContain('disconnected');
      expect(await keep.integration.getToken(user, provider)).toBeNull();
      const server = provider === 'acme' ? acme : second;
      expect(await server.isAlive(after.refreshToken!)).toBe(false);
    }
    expect(scene.errors).toEqual([]);
  });

  it('keeps further accounts of one user apart', async () => {
    await connect('other');
    expect((await connect('other?account=work')).status).toBe(200);
    const tokens = await Promise.all(
      ['other', 'other#work'].map((provider) => keep.integration.getToken(user, provider)),
    );
    expect(tokens[0]?.accessToken).not.toBe(tokens[1]?.accessToken);
    const headers = { [SIGNED_IN]: user };
    const url = `${base()}/disconnect/other?account=work`;
    await new Visitor().request(url, { method: 'POST', headers });
    expect(await keep.integration.getToken(user, 'other#work')).toBeNull();
    expect(await keep.integration.getToken(user, 'other')).not.toBeNull();
  });

  it('connects by a link, whose page names the provider', async () => {
    const link = await handlers.linkFor(user, { provider: 'acme', account: 'a b' });
    expect(link).toMatch(`${base()}/connect/acme?link=`);
    const visitor = new Visitor();
    const page = await visitor.open(link);
    expect(page.text).toContain('Continue to Acme');
    expect(page.headers.get('content-security-policy')).toContain(acme.issuer);
    expect((await visitor.press(page)).text).toContain('Acme connected');
    expect(await keep.integration.getToken(user, 'acme#a b')).not.toBeNull();
    expect((await visitor.open(link)).text).toContain('already used');
  });

  it("creates a link for the application's server", async () => {
    const response = await fetch(`${base()}/connect/other?user_id=${user}&account=2`, {
      headers: { authorization: `Bearer ${SECRET}` },
    });
    const { auth_url: link } = (await response.json()) as { auth_url: string };
    const visitor = new Visitor();
    await visitor.press(await visitor.open(link));
    expect(await keep.integration.getToken(user, 'other#2')).not.toBeNull();
  });

  it('takes a link or a state at the routes of its own provider alone', async () => {
    const link = await handlers.linkFor(user, { provider: 'other' });
    const visitor = new Visitor();
    const elsewhere = link.replace('/connect/other', '/connect/acme');
    for (const method of ['GET', 'POST']) {
      expect((await visitor.request(elsewhere, { method })).text).toContain('has expired');
    }
    const page = await visitor.open(link);
    const { url: back } = await visitor.press(page, { before: base() });
    const wrong = back.href.replace('/callback/other', '/callback/acme');
    expect((await visitor.request(wrong)).text).toContain('has expired');
    expect(await keep.integration.getToken(user, 'acme')).toBeNull();
    expect((await visitor.request(back)).status).toBe(200);
    expect(await keep.integration.getToken(user, 'other')).not.toBeNull();
  });

  it('notices a response that came from another issuer', async () => {
    keep = scene.instance({
      providers: { ...providers(), acme: { ...providers()['acme']!, issuer: 'https://x.example' } },
    });
    use();
    expect((await connect('acme')).text).toContain('did not come from Acme');
    expect(await keep.integration.getToken(user, 'acme')).toBeNull();
  });

  it.each([
    '/oauth/connect/nobody',
    '/oauth/connect/acme%23work',
    '/oauth/connect/acme#work',
    '/oauth/connect/%E0',
    '/oauth/connect',
    '/oauth/connect/acme/x',
    '/oauth/a/acme',
  ])('does not serve %s', async (path) => {
    expect(handlers.serves(path)).toBe(false);
    const url = `${scene.origin}${path}`;
    if (!path.includes('#')) expect(await handlers.handle(new Request(url))).toBeUndefined();
  });

  it('knows the built-in google, with the client of its variables', async () => {
    const { google } = scene;
    const redirected = await startGoogle({ redirectUri: `${base()}/callback/google` });
    onTestFinished(() => redirected.close());
    keep = scene.instance({
      googleClientId: redirected.clientId,
      googleClientSecret: redirected.clientSecret,
      googleAuthorizationUrl: redirected.authorizationUrl,
      googleTokenUrl: redirected.tokenUrl,
      googleRevocationUrl: redirected.revocationUrl,
      googleIssuer: redirected.issuer,
      googleOauthRedirectUri: undefined,
    });
    use({ scopes: { google: [SCOPE] } });
    expect(google.issuer).not.toBe(redirected.issuer);
    expect((await connect('google')).text).toContain('Google connected');
    expect(await keep.integration.getToken(user, 'google')).toMatchObject({ scopes: [SCOPE] });
  });

  it('serves routes at the root, and providers whose names have spaces', async () => {
    keep = scene.instance({ providers: { 'my crm': providers()['other']! } });
    use({ url: `${scene.origin}/` });
    expect(handlers.paths().connect).toBe('/connect/:provider');
    const link = await handlers.linkFor(user, { provider: 'my crm' });
    expect(link).toMatch(`${scene.origin}/connect/my%20crm?link=`);
    expect((await new Visitor().open(link)).text).toContain('Connect my crm');
  });

  it('reports what is wrong with a provider, and does not call it unknown', async () => {
    const { clientSecret: _, ...acme } = providers()['acme']!;
    keep = scene.instance({ providers: { acme } });
    use();
    const headers = { [SIGNED_IN]: user };
    const { status } = await new Visitor().request(`${base()}/connect/acme`, { headers });
    expect(status).toBe(500);
    const errors = scene.errors.map(String);
    expect(errors).toContainEqual(expect.stringMatching(/acme\.clientSecret: is not set/));
  });

  it('says once which scopes are those of no provider', async () => {
    use({ scopes: { acme: [SCOPE], acne: [SCOPE] } });
    await connect('acme');
    await connect('acme');
    expect(scene.errors.map(String)).toEqual([expect.stringContaining('scopes.acne: no provider')]);
  });

  it('tries each client secret, for a code and for a revocation', async () => {
    const clientSecret = ['removed', acme.clientSecret];
    keep = scene.instance({ providers: { acme: { ...providers()['acme']!, clientSecret } } });
    use();
    expect((await connect('acme')).text).toContain('Acme connected');
    const token = await keep.integration.getToken(user, 'acme');
    const headers = { [SIGNED_IN]: user };
    await new Visitor().request(`${base()}/disconnect/acme`, { method: 'POST', headers });
    expect(await acme.isAlive(token!.refreshToken!)).toBe(false);
  });

  it('takes texts for each provider', async () => {
    use({ texts: (provider) => ({ lang: 'de', connected: { heading: `${provider} verbunden` } }) });
    const page = await connect('other');
    expect(page.text).toContain('<html lang="de">');
    expect(page.text).toContain('other verbunden');
  });

  it('is mounted in Fastify below a prefix', async () => {
    const app = fastify();
    await app.register(toFastifyPlugin(handlers as never), { prefix: '/oauth' });
    const headers = { [SIGNED_IN]: user };
    const started = await app.inject({ url: '/oauth/connect/acme', headers });
    expect(started.headers['location']).toMatch(acme.authorizationUrl);
    expect((await app.inject({ url: '/oauth/connect/nobody', headers })).statusCode).toBe(404);
    await app.close();
  });

  it.each<[string, unknown, string]>([
    ['url', 'app.example', 'url: must be a URL'],
    ['url', 'https://app.example/?a=1', 'url: must be a URL'],
    ['scopes', { acme: 'read' }, 'scopes.acme: must be an array'],
    ['scope', { acme: [] }, "scope: unknown option. Did you mean 'scopes'?"],
    ['texts', { heading: 'x' }, 'texts.heading: unknown text'],
  ])('refuses a wrong %s', (name, value, message) => {
    const make = () => createConnectHandlers({ keep, url: base(), [name]: value } as never);
    expect(make).toThrow(message);
  });

  it('refuses a link for a provider that nobody has described, and an odd account', async () => {
    const unknown = await failureOf(handlers.linkFor(user, { provider: 'acne' }));
    expect(unknown.message).toMatch(/^providers\.acne: .*Did you mean 'acme'\?$/);
    const odd = await failureOf(handlers.linkFor(user, { provider: 'acme', account: 'a#b' }));
    expect(odd).toMatchObject({ name: 'InvalidArgumentError', argument: 'account' });
  });

  it('needs the address of the routes', () => {
    expect(() => createConnectHandlers({ keep }).paths()).toThrow(/^TOKENKEEP_CONNECT_URL: is not/);
  });

  it('works with a fake instance', async () => {
    keep = fakeTokenKeep();
    use();
    const visitor = new Visitor();
    const headers = { [SIGNED_IN]: user };
    const { headers: answer } = await visitor.request(`${base()}/connect/slack`, { headers });
    const state = new URL(answer.get('location')!).searchParams.get('state');
    const back = `${base()}/callback/slack?code=1&state=${state}`;
    expect((await visitor.request(back, { headers })).text).toContain('slack connected');
    expect(await keep.integration.getToken(user, 'slack')).not.toBeNull();
  });
});
