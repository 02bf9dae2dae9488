/** A real authorization server of which only the issuer is known: connecting, refresh, revocation. */

import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createConnectHandlers, type NodeRequest, toNodeListener } from '../../dist/http/index.js';
import type { ProviderSettings, TokenKeep } from '../../dist/index.js';
import { type Google, startGoogle } from '../../support/google.mjs';
import { SECRET, SIGNED_IN, someUser, useScene } from './scene';
import { Visitor } from './visitor';

const scene = useScene();
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const clientKey = { ...key.export({ format: 'jwk' }), alg: 'ES256' };

let user: string;
beforeEach(() => {
  user = someUser();
});

const base = () => `${scene.origin}/oauth`;

async function started(options: Parameters<typeof startGoogle>[0] = {}): Promise<Google> {
  const server = await startGoogle({ redirectUri: `${base()}/callback/acme`, ...options });
  onTestFinished(() => server.close());
  return server;
}

/** An instance with this provider, whose routes are served. */
function serve(acme: ProviderSettings): TokenKeep {
  const keep = scene.instance({ providers: { acme } });
  const handlers = createConnectHandlers<NodeRequest>({
    keep,
    url: base(),
    connectSecret: SECRET,
    scopes: { acme: ['openid'] },
    userId: (request) => request.headers.get(SIGNED_IN),
    onError: (error) => void scene.errors.push(error),
  });
  scene.application = toNodeListener(handlers);
  return keep;
}

/** The signed-in user starts; gives where the consent screen is. */
async function start(visitor: Visitor): Promise<string> {
  const headers = { [SIGNED_IN]: user };
  const answer = await visitor.request(`${base()}/connect/acme`, { headers });
  return answer.headers.get('location') ?? answer.text;
}

describe('a provider of which only the issuer is described', () => {
  it.each([
    ['with a secret', undefined],
    ['with a key', clientKey],
  ])('is connected, refreshed and revoked by a client %s', async (_, withKey) => {
    const server = await started(withKey ? { clientKey: withKey } : {});
    const { issuer, clientId, clientSecret } = server;
    const client = withKey ? { clientId, privateKey: withKey } : { clientId, clientSecret };
    const keep = serve({ ...client, issuer });
    const visitor = new Visitor();
    expect((await visitor.open(await start(visitor))).text).toContain('acme connected');
    const before = await keep.integration.getToken(user, 'acme');
    const after = await keep.integration.getValidToken(user, 'acme', { forceRefresh: true });
    expect(after.accessToken).not.toBe(before?.accessToken);
    expect(await server.isAlive(after.refreshToken!)).toBe(true);
    expect(await keep.integration.revoke(user, 'acme', { confirm: true })).toBe(true);
    expect(await server.isAlive(after.refreshToken!)).toBe(false);
    expect(scene.errors).toEqual([]);
  });

  it('disconnects by the routes', async () => {
    const server = await started();
    const { issuer, clientId, clientSecret } = server;
    const keep = serve({ issuer, clientId, clientSecret });
    const visitor = new Visitor();
    await visitor.open(await start(visitor));
    const token = await keep.integration.getToken(user, 'acme');
    const headers = { [SIGNED_IN]: user };
    const url = `${base()}/disconnect/acme`;
    const gone = await new Visitor().request(url, { method: 'POST', headers });
    expect(gone.text).toContain('disconnected');
    expect(await server.isAlive(token!.refreshToken!)).toBe(false);
  });

  it('must name itself in its responses where its metadata says that it does', async () => {
    const { issuer, clientId, clientSecret } = await started();
    const keep = serve({ issuer, clientId, clientSecret });
    const visitor = new Visitor();
    const back = await visitor.open(await start(visitor), { before: base() });
    const without = new URL(back.url);
    expect(without.searchParams.get('iss')).toBe(issuer);
    without.searchParams.delete('iss');
    expect((await visitor.request(without)).text).toContain('did not come from acme');
    expect(await keep.integration.getToken(user, 'acme')).toBeNull();
  });

  it('cannot be connected while it is away, and says so', async () => {
    const { issuer, clientId, clientSecret, close } = await started();
    serve({ issuer, clientId, clientSecret });
    await close();
    const visitor = new Visitor();
    await start(visitor);
    const [error] = scene.errors.map(String);
    expect(error).toContain(`${issuer}/.well-known/`);
  });
});
