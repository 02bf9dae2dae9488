/** Revoking at providers that have a request of their own for it: what is sent, and which token. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProviderSettings } from '../../dist/index.js';
import { failureOf } from '../helpers/promises';
import { type RecordingEndpoint, startRecordingEndpoint } from '../helpers/recording-endpoint';
import { inSeconds, someUser, useScene } from './scene';

const scene = useScene();

let endpoint: RecordingEndpoint;
beforeEach(async () => {
  endpoint = await startRecordingEndpoint({ ok: true });
});
afterEach(() => endpoint.stop());

const BASIC = `Basic ${Buffer.from('id:s').toString('base64')}`;

/** Revokes a grant of a provider, at `path` of the endpoint; gives what was sent. */
async function revoked(
  name: string,
  path: string,
  { refreshToken = 'the refresh token' as string | null, more = {} as object } = {},
) {
  const revocationUrl = `${new URL(endpoint.url).origin}${path}`;
  const client = { clientId: 'id', clientSecret: 's', revocationUrl, ...more };
  const keep = scene.keep({ providers: { [name]: client as ProviderSettings } });
  const userId = someUser();
  const token = { accessToken: 'the access token', refreshToken, expiresAt: inSeconds(600) };
  await keep.integration.storeToken(userId, name, token);
  expect(await keep.integration.revoke(userId, name, { confirm: true })).toBe(true);
  expect(endpoint.requests).toHaveLength(1);
  const [{ method, path: url, headers, body }] = endpoint.requests as [
    (typeof endpoint.requests)[0],
  ];
  return {
    method,
    url,
    body,
    authorization: headers.authorization,
    type: headers['content-type'],
    headers,
  };
}

describe('a grant is ended', () => {
  it('at github by DELETE with the access token, at the URL of the client', async () => {
    expect(await revoked('github', '/applications/{client_id}/grant')).toMatchObject({
      method: 'DELETE',
      url: '/applications/id/grant',
      authorization: BASIC,
      type: 'application/json',
      body: JSON.stringify({ access_token: 'the access token' }),
    });
  });

  it.each(['slack', 'dropbox'])(
    'at %s by the access token itself, without a body',
    async (name) => {
      const { headers, ...sent } = await revoked(name, '/revoke');
      expect(sent).toEqual({
        method: 'POST',
        url: '/revoke',
        authorization: 'Bearer the access token',
        type: undefined,
        body: '',
      });
      expect(headers['accept']).toBe('application/json');
    },
  );

  it('at notion with the access token in JSON', async () => {
    const sent = await revoked('notion', '/v1/oauth/revoke');
    expect(sent).toMatchObject({ method: 'POST', authorization: BASIC, type: 'application/json' });
    expect(sent.body).toBe(JSON.stringify({ token: 'the access token' }));
    expect(sent.headers['notion-version']).toBe('2025-09-03');
  });

  it('at intuit with the refresh token in JSON', async () => {
    const sent = await revoked('intuit', '/revoke');
    expect(sent).toMatchObject({ method: 'POST', authorization: BASIC, type: 'application/json' });
    expect(sent.body).toBe(JSON.stringify({ token: 'the refresh token' }));
  });

  it('at zoho with the refresh token in the URL, without the client', async () => {
    const { headers: _, ...sent } = await revoked('zoho', '/oauth/v2/token/revoke');
    expect(sent).toEqual({
      method: 'POST',
      url: '/oauth/v2/token/revoke?token=the+refresh+token',
      authorization: undefined,
      type: undefined,
      body: '',
    });
  });

  it('with the access token where there is no other', async () => {
    const { url } = await revoked('zoho', '/revoke?a=1', { refreshToken: null });
    expect(url).toBe('/revoke?a=1&token=the+access+token');
  });

  it('as RFC 7009 says at another token endpoint, which is not the same server', async () => {
    const sent = await revoked('github', '/revoke', { more: { tokenUrl: endpoint.url } });
    expect(sent).toMatchObject({ method: 'POST', authorization: undefined });
    expect(Object.fromEntries(new URLSearchParams(sent.body))).toEqual({
      token: 'the refresh token',
      token_type_hint: 'refresh_token',
      client_id: 'id',
      client_secret: 's',
    });
  });

  it('as an application describes it, also through its own fetch', async () => {
    const revocation = { method: 'DELETE', tokenParameter: 'key', requestFormat: 'json' } as const;
    const acme = {
      clientId: 'id',
      clientSecret: 's',
      tokenUrl: endpoint.url,
      revocationUrl: endpoint.url,
      revocation,
    };
    const keep = scene.keep({ providers: { acme }, fetch: (url, init) => fetch(url, init) });
    const { userId, refreshToken } = await scene.user(keep, 600);
    expect(await keep.integration.revoke(userId, 'acme', { confirm: true })).toBe(true);
    const [request] = endpoint.requests;
    expect(request?.method).toBe('DELETE');
    expect(JSON.parse(request?.body ?? '')).toEqual({
      key: refreshToken,
      client_id: 'id',
      client_secret: 's',
    });
  });
});

it.each<[string, object, string]>([
  ['an unknown field', { methd: 'DELETE' }, 'revocation.methd'],
  ['a method that is none', { method: 'GET' }, 'revocation.method'],
  ['a place that is none', { tokenIn: 'header' }, 'revocation.tokenIn'],
])('a description with %s is refused by name', async (_, revocation, field) => {
  const failure = await failureOf(
    Promise.resolve().then(() => revoked('github', '/r', { more: { revocation } })),
  );
  expect(failure).toMatchObject({
    name: 'InvalidArgumentError',
    argument: `providers.github.${field}`,
  });
});
