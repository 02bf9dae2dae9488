/** What tokenkeep's `GoogleAuthClientLive` does beyond an application's. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { until } from '../helpers/promises';
import { DRIVE, GMAIL, GoogleScene } from './google-scene';
import { MAJORS } from './majors';

describe.each(MAJORS)('%s', (version) => {
  const scene = new GoogleScene(version);

  it('names the scopes that are missing, and asks nobody', async () => {
    await scene.connect(-60);
    expect(await scene.call('tokenkeep', { getValidToken: [GMAIL, DRIVE] })).toMatchObject({
      _tag: 'GoogleScopeExpansionRequiredError',
      missingScopes: [DRIVE],
      currentScopes: [GMAIL],
    });
    expect(scene.google.tokenRequests()).toBe(0);
  });

  it('says that there is no current user, and what to do', async () => {
    await scene.connect(3_600);
    expect(await scene.call('tokenkeep', { getValidToken: [GMAIL] }, '')).toMatchObject({
      _tag: 'GoogleAuthenticationError',
      suggestion: 'Run the effect with withCurrentUser(userId)',
    });
    expect(await scene.call('tokenkeep', { getValidToken: [GMAIL] }, 'another')).toMatchObject({
      message: 'No Google OAuth token found',
    });
  });

  it('marks a dead grant, since the refresh is the store’s own', async () => {
    const { refreshToken } = await scene.connect(-60);
    await scene.google.revoke(refreshToken);
    expect(await scene.call('tokenkeep', { getValidToken: [] })).toMatchObject({
      reason: 'revoked',
    });
    const rows = await scene.rows();
    expect(rows).toMatchObject([{ invalid_since: expect.any(Date) }]);
  });

  it('refreshes a token with two minutes left, and gives it when that fails', async () => {
    const spent = await scene.connect(120);
    const refreshed = await scene.call('tokenkeep', { getValidToken: [GMAIL] });
    expect(refreshed).not.toMatchObject({ access_token: spent.accessToken });
    await scene.empty();
    const { accessToken, refreshToken } = await scene.connect(120);
    await scene.google.revoke(refreshToken);
    expect(await scene.call('tokenkeep', { getValidToken: [GMAIL] })).toMatchObject({
      access_token: accessToken,
    });
    expect(scene.google.tokenRequests()).toBe(2);
  });

  it('refreshes with the client of the layer’s own instance', async () => {
    await scene.connect(-60);
    const { Redacted, tokenkeep } = scene.major;
    const { GOOGLE_CLIENT_ID: id, GOOGLE_CLIENT_SECRET: secret } = process.env;
    const store = tokenkeep.layer({
      googleClientId: id,
      googleClientSecret: Redacted.make(secret!),
    });
    try {
      delete process.env['GOOGLE_CLIENT_ID'];
      delete process.env['GOOGLE_CLIENT_SECRET'];
      const token = await scene.call('tokenkeep', { getValidToken: [GMAIL] }, undefined, store);
      expect(token).toBeInstanceOf(tokenkeep.GoogleOAuthToken);
      const refused = await scene.call('tokenkeep', { refreshToken: 'any' }, undefined, store);
      expect(refused).toMatchObject({
        _tag: 'GoogleTokenRefreshError',
        message: 'GOOGLE_CLIENT_ID is not set',
      });
    } finally {
      Object.assign(process.env, { GOOGLE_CLIENT_ID: id, GOOGLE_CLIENT_SECRET: secret });
    }
  });

  it('reads no more of an answer than a token response can be', async () => {
    const { TOKENKEEP_GOOGLE_TOKEN_URL: url } = process.env;
    const answer = { access_token: 'at', expires_in: 3_600, scope: GMAIL };
    let cut = 0;
    const server = createServer((_, response) => {
      response.on('close', () => (cut += response.writableFinished ? 0 : 1));
      // JSON all the same, but without an end.
      const more = (): void => {
        while (!response.destroyed && response.write(' '.repeat(65_536)));
      };
      response.on('drain', more);
      response.write(JSON.stringify(answer));
      more();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    process.env['TOKENKEEP_GOOGLE_TOKEN_URL'] = `http://127.0.0.1:${port}/token`;
    const error = await scene.call('tokenkeep', { refreshToken: 'rt' });
    process.env['TOKENKEEP_GOOGLE_TOKEN_URL'] = url;
    expect(error).toMatchObject({
      _tag: 'GoogleTokenRefreshError',
      message: 'Google did not refresh the token: 200',
    });
    await until(() => cut === 1);
    server.close();
  });

  describe('an answer to a refresh token', () => {
    /** What comes of it, with this in Google's place. */
    async function answered(status: number, body: object): Promise<unknown> {
      const endpoint = await startTokenEndpoint();
      const { TOKENKEEP_GOOGLE_TOKEN_URL: url } = process.env;
      process.env['TOKENKEEP_GOOGLE_TOKEN_URL'] = endpoint.url;
      try {
        endpoint.script(() => ({ status, body }));
        return await scene.call('tokenkeep', { refreshToken: 'rt' });
      } finally {
        process.env['TOKENKEEP_GOOGLE_TOKEN_URL'] = url;
        await endpoint.close();
      }
    }

    it.each([0, -1, 'soon', undefined, 631_138_518])(
      'is kept with the lifetime %s',
      async (odd) => {
        await scene.connect(3_600);
        const body = { access_token: 'new', expires_in: odd, refresh_token: 7 };
        expect(await answered(200, body)).toMatchObject({
          access_token: 'new',
          refresh_token: 'rt',
        });
      },
    );

    it('is repeated only where it is a known word', async () => {
      const secret = 'ghoabcdefghijklmnopqrst';
      const error = await answered(400, { error: secret });
      expect(error).toMatchObject({ _tag: 'GoogleTokenRefreshError' });
      expect(inspect(error, { depth: 9 })).not.toContain(secret);
      expect(inspect(await answered(400, { error: 'invalid_scope' }))).toContain('invalid_scope');
    });
  });

  it('asks no other machine without TLS', async () => {
    const { TOKENKEEP_GOOGLE_TOKEN_URL: url } = process.env;
    process.env['TOKENKEEP_GOOGLE_TOKEN_URL'] = 'http://proxy.example/token';
    const error = await scene.call('tokenkeep', { refreshToken: 'secret-rt' });
    process.env['TOKENKEEP_GOOGLE_TOKEN_URL'] = url;
    expect(error).toMatchObject({
      _tag: 'GoogleTokenRefreshError',
      message: expect.stringContaining('TOKENKEEP_GOOGLE_TOKEN_URL'),
    });
  });

  it('says that Google cannot be reached', async () => {
    const { TOKENKEEP_GOOGLE_TOKEN_URL: url } = process.env;
    process.env['TOKENKEEP_GOOGLE_TOKEN_URL'] = 'http://127.0.0.1:1/token';
    const error = await scene.call('tokenkeep', { refreshToken: 'secret-rt' });
    process.env['TOKENKEEP_GOOGLE_TOKEN_URL'] = url;
    expect(error).toMatchObject({ _tag: 'GoogleTokenRefreshError', suggestion: 'Try again later' });
    expect(inspect(error, { depth: 9 })).not.toContain('secret-rt');
  });
});
