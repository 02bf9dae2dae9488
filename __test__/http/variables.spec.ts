/** Connections with an endpoint of their own: the connect request or the authorization response says where. */

import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  createConnectHandlers,
  type ConnectHandlers,
  type NodeRequest,
  toNodeListener,
} from '../../dist/http/index.js';
import type { ProviderSettings, TokenKeep } from '../../dist/index.js';
import { failureOf } from '../helpers/promises';
import { type RecordingEndpoint, startRecordingEndpoint } from '../helpers/recording-endpoint';
import { SECRET, SIGNED_IN, someUser, useScene } from './scene';
import { Visitor } from './visitor';

const scene = useScene();
const ANSWER = { access_token: 'at', refresh_token: 'rt', expires_in: 3600, api: 'https://api' };

let user: string;
let server: RecordingEndpoint;
let keep: TokenKeep;
let handlers: ConnectHandlers<NodeRequest>;
const base = () => `${scene.origin}/oauth`;

/** Serves with this provider. */
function use(described: Partial<ProviderSettings>): void {
  const origin = new URL(server.url).origin;
  const acme = {
    clientId: 'id',
    clientSecret: 's',
    authorizationUrl: `${origin}/{shop}/authorize`,
    tokenUrl: `${origin}/{shop}/token`,
    revocationUrl: `${origin}/{shop}/revoke`,
    metadata: { api: '/api' },
    callbackParameters: ['realmId'],
    variables: { shop: { pattern: '[a-z]+', perConnection: true, callbackParameter: 'shop' } },
    ...described,
  };
  keep = scene.instance({ providers: { acme } });
  handlers = createConnectHandlers<NodeRequest>({
    keep,
    url: base(),
    connectSecret: SECRET,
    userId: (request) => request.headers.get(SIGNED_IN),
    onError: (error) => void scene.errors.push(error),
  });
  scene.application = toNodeListener(handlers);
}

beforeEach(async () => {
  user = someUser();
  server = await startRecordingEndpoint(ANSWER);
  onTestFinished(() => server.stop());
  use({});
});

const headers = () => ({ [SIGNED_IN]: user });

/** Starts to connect; returns the URL of the consent screen. */
async function start(query: string, visitor = new Visitor()) {
  const url = `${base()}/connect/acme${query}`;
  const { headers: answer, status, text } = await visitor.request(url, { headers: headers() });
  return { visitor, status, text, consent: new URL(answer.get('location') ?? 'about:blank') };
}

/** Comes back from the consent screen with these parameters. */
async function comeBack(started: Awaited<ReturnType<typeof start>>, parameters: object) {
  const state = started.consent.searchParams.get('state')!;
  const query = new URLSearchParams({ state, ...parameters });
  if (!('error' in parameters)) query.set('code', 'code');
  return started.visitor.request(`${base()}/callback/acme?${query}`, { headers: headers() });
}

const paths = () => server.requests.map(({ path }) => path);

describe('a connect request with a variable', () => {
  it('leads to its consent screen; code, refresh and revocation go there, too', async () => {
    const started = await start('?shop=best');
    expect(started.consent.pathname).toBe('/best/authorize');
    const back = await comeBack(started, { shop: 'best', realmId: '42', other: 'x' });
    expect(back.text).toContain('acme connected');
    const metadata = { shop: 'best', realmId: '42', api: 'https://api' };
    expect((await keep.integration.getToken(user, 'acme'))?.metadata).toEqual(metadata);
    await keep.integration.getValidToken(user, 'acme', { forceRefresh: true });
    const url = `${base()}/disconnect/acme`;
    await new Visitor().request(url, { method: 'POST', headers: headers() });
    expect(paths()).toEqual(['/best/token', '/best/token', '/best/revoke']);
    expect(scene.errors).toEqual([]);
  });

  it('is refused where the value is not allowed, missing, or given twice', async () => {
    for (const query of ['?shop=evil.test/', '', '?shop=a&shop=b']) {
      const { status, consent } = await start(query);
      expect(status).toBe(400);
      expect(consent.href).toBe('about:blank');
    }
    const asked = await fetch(`${base()}/connect/acme?user_id=${user}&shop=A`, {
      headers: { authorization: `Bearer ${SECRET}` },
    });
    expect(asked.status).toBe(400);
    expect(await asked.json()).toEqual({ detail: 'variables: shop must match [a-z]+' });
    expect(scene.errors).toEqual([]);
    const failure = await failureOf(handlers.linkFor(user, { provider: 'acme' }));
    expect(failure.message).toBe('variables: shop must be given to connect at acme');
    const misspelt = { provider: 'acme', variables: { shop: 'best', host: 'x' } };
    expect((await failureOf(handlers.linkFor(user, misspelt))).message).toBe(
      'variables: host is not a variable of connections at acme',
    );
  });

  it('stays with a connect link', async () => {
    const link = await handlers.linkFor(user, { provider: 'acme', variables: { shop: 'best' } });
    const visitor = new Visitor();
    const origin = new URL(server.url).origin;
    const { url } = await visitor.press(await visitor.open(link), { before: origin });
    expect(url.pathname).toBe('/best/authorize');
  });

  it('offers no way back that would lack the variable', async () => {
    const back = await comeBack(await start('?shop=best'), { error: 'access_denied' });
    expect(back.text).toContain('did not give access');
    expect(back.text).not.toContain('Try again');
  });

  it('keeps no refresh token of another server', async () => {
    await comeBack(await start('?shop=best'), { shop: 'best' });
    await server.stop();
    server = await startRecordingEndpoint({ access_token: 'at', expires_in: 3600 });
    onTestFinished(() => server.stop());
    use({});
    const same = await comeBack(await start('?shop=best'), {});
    expect(same.text).toContain('acme connected');
    const other = await comeBack(await start('?shop=other'), {});
    expect(other.status).toBe(400);
    const token = await keep.integration.getToken(user, 'acme');
    expect(token).toMatchObject({ refreshToken: 'rt', metadata: { shop: 'best' } });
  });

  it('does not let the response lead elsewhere', async () => {
    const started = await start('?shop=best');
    const back = await comeBack(started, { shop: 'other' });
    expect(back.status).toBe(400);
    expect(paths()).toEqual([]);
    expect(await keep.integration.getToken(user, 'acme')).toBeNull();
  });
});

describe('a variable that the authorization response says', () => {
  const origin = () => new URL(server.url).origin;
  const shop = () => ({
    values: [`${origin()}/eu`, `${origin()}/us`],
    default: `${origin()}/us`,
    callbackParameter: 'accounts-server',
  });

  beforeEach(() =>
    use({
      authorizationUrl: `${origin()}/authorize`,
      tokenUrl: '{shop}/token',
      revocationUrl: '{shop}/revoke',
      variables: { shop: shop() },
    }),
  );

  it('decides where the code is exchanged, and is kept', async () => {
    const back = await comeBack(await start(''), { 'accounts-server': `${origin()}/eu` });
    expect(back.text).toContain('acme connected');
    expect(paths()).toEqual(['/eu/token']);
    const token = await keep.integration.getToken(user, 'acme');
    expect(token?.metadata).toEqual({ shop: `${origin()}/eu`, api: 'https://api' });
    await comeBack(await start(''), {});
    expect(paths()).toEqual(['/eu/token', '/us/token']);
    // Nothing of the connection before is left.
    expect((await keep.integration.getToken(user, 'acme'))?.metadata).toEqual({
      api: 'https://api',
    });
  });

  it('sends code and secret to no server that is not listed', async () => {
    const back = await comeBack(await start(''), { 'accounts-server': 'https://evil.test' });
    expect(back.status).toBe(400);
    expect(paths()).toEqual([]);
  });
});

describe('the built-in providers', () => {
  it('connect a shop of Shopify at its own address', async () => {
    const client = { clientId: 'id', clientSecret: 's' };
    keep = scene.instance({ providers: { shopify: client } });
    handlers = createConnectHandlers<NodeRequest>({
      keep,
      url: base(),
      userId: (request) => request.headers.get(SIGNED_IN),
    });
    scene.application = toNodeListener(handlers);
    const at = async (shop: string) => {
      const url = `${base()}/connect/shopify?shop=${shop}`;
      const { headers: answer } = await new Visitor().request(url, { headers: headers() });
      return answer.get('location');
    };
    expect(await at('acme.myshopify.com')).toMatch(
      'https://acme.myshopify.com/admin/oauth/authorize?',
    );
    expect(await at('acme.myshopify.com.evil.test')).toBeNull();
  });
});
