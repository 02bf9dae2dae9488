/** A client with a private key at a real authorization server: code exchange, refresh, revocation. */

import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createConnectHandlers, type NodeRequest, toNodeListener } from '../../dist/http/index.js';
import { startGoogle } from '../../support/google.mjs';
import { failureOf } from '../helpers/promises';
import { SIGNED_IN, someUser, useScene } from './scene';
import { Visitor } from './visitor';

const scene = useScene();

type Algorithm = 'ES256' | 'RS256' | 'PS256';

function newKey(alg: Algorithm) {
  const { privateKey } =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), alg, kid: 'key-1' };
}

describe('a client that is registered with a key', () => {
  it.each<Algorithm>(['ES256', 'RS256', 'PS256'])(
    'connects, refreshes and disconnects: %s',
    async (alg) => {
      const base = `${scene.origin}/oauth`;
      const privateKey = newKey(alg);
      const server = await startGoogle({
        redirectUri: `${base}/callback/acme`,
        clientKey: privateKey,
      });
      onTestFinished(() => server.close());
      const { clientId, issuer, authorizationUrl, tokenUrl, revocationUrl } = server;
      const acme = { clientId, privateKey, issuer, authorizationUrl, tokenUrl, revocationUrl };
      const keep = scene.instance({ providers: { acme } });
      const handlers = createConnectHandlers<NodeRequest>({
        keep,
        url: base,
        scopes: { acme: ['openid'] },
        userId: (request) => request.headers.get(SIGNED_IN),
        onError: (error) => void scene.errors.push(error),
      });
      scene.application = toNodeListener(handlers);
      const user = someUser();
      const headers = { [SIGNED_IN]: user };
      const visitor = new Visitor();
      const started = await visitor.request(`${base}/connect/acme`, { headers });
      const connected = await visitor.open(started.headers.get('location')!);
      expect(connected.text).toContain('acme connected');
      const { refreshToken } = await keep.integration.getValidToken(user, 'acme', {
        forceRefresh: true,
      });
      expect(await server.isAlive(refreshToken!)).toBe(true);
      const another = { ...acme, privateKey: newKey(alg) };
      const wrong = scene.instance({ providers: { acme: another } });
      const other = someUser();
      const token = { accessToken: 'old', refreshToken, expiresAt: new Date(0) };
      await wrong.integration.storeToken(other, 'acme', token);
      const failure = await failureOf(wrong.integration.getValidToken(other, 'acme'));
      expect(failure.name).toBe('ClientRejectedError');
      expect(await keep.integration.revoke(user, 'acme', { confirm: true })).toBe(true);
      expect(await server.isAlive(refreshToken!)).toBe(false);
      expect(scene.errors).toEqual([]);
    },
  );
});
