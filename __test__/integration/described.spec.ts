/** What a description of a provider changes in requests, and what is read from responses. */

import { afterEach, describe, expect, it } from 'vitest';
import type { ProviderSettings } from '../../dist/index.js';
import { failureOf } from '../helpers/promises';
import { type RecordingEndpoint, startRecordingEndpoint } from '../helpers/recording-endpoint';
import { inSeconds, someUser, useScene } from './scene';

const scene = useScene();

const ANSWER = { access_token: 'new', refresh_token: 'next', expires_in: 3600 };

let endpoint: RecordingEndpoint | undefined;
afterEach(async () => {
  await endpoint?.stop();
  endpoint = undefined;
});

/** Refreshes a row of a provider that is described so; returns the token and the request. */
async function refreshed(
  described: Partial<ProviderSettings>,
  { answer = ANSWER as object, name = 'acme', url = '' } = {},
) {
  endpoint = await startRecordingEndpoint(answer);
  const provider = {
    tokenUrl: url.replace('{origin}', new URL(endpoint.url).origin) || endpoint.url,
    clientId: 'the id',
    clientSecret: 's+%:ü',
    ...described,
  };
  const keep = scene.keep({ providers: { [name]: provider } });
  const userId = someUser();
  const token = { accessToken: 'old', refreshToken: 'rt', expiresAt: inSeconds(-60) };
  await keep.integration.storeToken(userId, name, { ...token, scopes: ['read', 'write'] });
  const found = await keep.integration.getValidToken(userId, name);
  const [request] = endpoint.requests;
  if (!request) throw new Error('there was no request');
  return { found, request, userId };
}

const basic = (header: string | undefined) =>
  Buffer.from(header?.replace(/^Basic /, '') ?? '', 'base64').toString();

describe('a description of a provider', () => {
  it('sends a JSON object with other names and headers', async () => {
    const { found, request } = await refreshed({
      requestFormat: 'json',
      requestHeaders: { 'notion-version': '2026-01-01' },
      parameterNames: { client_id: 'client_key' },
      refreshParameters: { audience: 'api' },
    });
    expect(found).toMatchObject({ accessToken: 'new', refreshToken: 'next' });
    expect(request.headers).toMatchObject({
      'content-type': 'application/json',
      'notion-version': '2026-01-01',
    });
    expect(JSON.parse(request.body)).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'rt',
      client_key: 'the id',
      client_secret: 's+%:ü',
      audience: 'api',
    });
  });

  it('sends id and secret in the header, encoded or as they are', async () => {
    const encoded = await refreshed({ clientAuthentication: 'client_secret_basic' });
    expect(basic(encoded.request.headers.authorization)).toBe('the%20id:s%2B%25%3A%C3%BC');
    await endpoint?.stop();
    const raw = await refreshed({ clientAuthentication: 'client_secret_basic_raw' });
    expect(basic(raw.request.headers.authorization)).toBe('the id:s+%:ü');
    expect(raw.request.body).toBe('grant_type=refresh_token&refresh_token=rt');
  });

  it('sends a refresh to its own endpoint, without what it leaves out', async () => {
    const { request } = await refreshed({
      refreshUrl: undefined,
      refreshParameters: { grant_type: '' },
      clientAuthentication: 'client_secret_basic',
    });
    expect(request).toMatchObject({ path: '/token', body: 'refresh_token=rt' });
  });

  it('sends the scopes that were granted, separated as it says', async () => {
    const { request } = await refreshed({ refreshSendsScope: true, scopeSeparator: ',' });
    expect(new URLSearchParams(request.body).get('scope')).toBe('read,write');
  });

  it('keeps scopes in the words in which they were asked for, however a response names them', async () => {
    const asked = ['offline_access', 'Mail.Read', 'User.Read'];
    const answer = { ...ANSWER, scope: 'https://graph.example/mail.read user.read Extra' };
    endpoint = await startRecordingEndpoint(answer);
    const acme = { tokenUrl: endpoint.url, clientId: 'id', clientSecret: 's' };
    const keep = scene.keep({ providers: { acme } });
    const userId = someUser();
    const token = { accessToken: 'old', refreshToken: 'rt', expiresAt: inSeconds(-60) };
    await keep.integration.storeToken(userId, 'acme', { ...token, scopes: asked });
    const wanted = { scopes: asked };
    const { scopes } = await keep.integration.getValidToken(userId, 'acme', wanted);
    expect(scopes).toEqual([...asked, 'Extra']);
    const again = await keep.integration.getValidToken(userId, 'acme', wanted);
    expect(again.scopes).toEqual(scopes);
  });

  it('reads tokens that are in an object of the response', async () => {
    const answer = { ok: true, authed_user: ANSWER };
    const { found } = await refreshed({ tokensAt: '/authed_user' }, { answer });
    expect(found).toMatchObject({ accessToken: 'new', refreshToken: 'next' });
  });

  it('fills in what stands in braces, but only with what is allowed', async () => {
    const url = '{origin}/{tenant}/token';
    const tenant = { pattern: '[a-z]+', default: 'common' };
    const usual = await refreshed({ variables: { tenant } }, { url });
    expect(usual.request.path).toBe('/common/token');
    const failure = await failureOf(
      refreshed({ variables: { tenant: { pattern: '[a-z]+', default: 'a/b' } } }, { url }),
    );
    expect(failure.name).toBe('ConfigurationError');
    expect(failure.message).toMatch(/^providers\.acme\.variables\.tenant: must match/);
  });

  it('may say that a token never expires', async () => {
    const answer = { access_token: 'new', refresh_token: 'next' };
    const { userId } = await refreshed({ defaultExpiresIn: null }, { answer });
    const { rows } = await scene.database.client.query(
      'SELECT expires_at::text FROM integration_tokens WHERE user_id = $1',
      [userId],
    );
    expect(rows).toEqual([{ expires_at: 'infinity' }]);
  });

  it.each<[string, object, string]>([
    ['a method that does not exist', { clientAuthentication: 'basic' }, 'clientAuthentication'],
    ['a header that is a number', { requestHeaders: { a: 1 } }, 'requestHeaders.a'],
    ['a header with a line break', { requestHeaders: { a: 'b\r\nc: d' } }, 'requestHeaders.a'],
    ['a pointer that is none', { tokensAt: 'authed_user' }, 'tokensAt'],
    ['a variable with an odd field', { variables: { a: { patern: 'x' } } }, 'variables.a.patern'],
  ])('is refused by name: %s', async (_, described, argument) => {
    const failure = await failureOf(refreshed(described as Partial<ProviderSettings>));
    expect(failure).toMatchObject({
      name: 'InvalidArgumentError',
      argument: `providers.acme.${argument}`,
    });
  });

  it.each<[string, object, RegExp]>([
    ['no limit', { variables: { a: {} } }, /variables\.a: must have values or a pattern/],
    ['a broken pattern', { variables: { a: { pattern: '(' } } }, /variables\.a: pattern: /],
    ['no declaration', { refreshUrl: 'https://{b}.example/' }, /refreshUrl: \{b\} is not in/],
  ])('with a variable that has %s is refused', async (_, described, message) => {
    const failure = await failureOf(refreshed(described as Partial<ProviderSettings>));
    expect(failure.name).toBe('ConfigurationError');
    expect(failure.message).toMatch(message);
  });
});

describe('TOKENKEEP_<NAME>_TOKEN_URL', () => {
  it('wins over the tokenUrl of the code', async () => {
    endpoint = await startRecordingEndpoint(ANSWER);
    process.env['TOKENKEEP_ACME_TOKEN_URL'] = endpoint.url;
    try {
      const keep = scene.keep();
      const { userId } = await scene.user(keep);
      await keep.integration.getValidToken(userId, 'acme');
      expect(endpoint.requests).toHaveLength(1);
      expect(scene.endpoint.requests).toHaveLength(0);
    } finally {
      delete process.env['TOKENKEEP_ACME_TOKEN_URL'];
    }
  });
});

describe('a client in the environment', () => {
  const set = (variables: Record<string, string>) => Object.assign(process.env, variables);
  afterEach(() => {
    for (const name of Object.keys(process.env)) {
      if (/^TOKENKEEP_(MICROSOFT|HUBSPOT|NOWHERE)_/.test(name)) delete process.env[name];
    }
  });

  it('refreshes at the built-in provider of that name', async () => {
    endpoint = await startRecordingEndpoint(ANSWER);
    set({
      TOKENKEEP_HUBSPOT_CLIENT_ID: 'hub',
      TOKENKEEP_HUBSPOT_CLIENT_SECRET: 'secret,1',
      TOKENKEEP_HUBSPOT_TOKEN_URL: endpoint.url,
    });
    const keep = scene.keep({ providers: {} });
    const { userId } = await scene.user(keep, -60, 'hubspot');
    await keep.integration.getValidToken(userId, 'hubspot');
    const sent = new URLSearchParams(endpoint.requests[0]?.body);
    expect([sent.get('client_id'), sent.get('client_secret')]).toEqual(['hub', 'secret,1']);
  });

  it('is refused with a value that a variable cannot have, and stops no other provider', async () => {
    endpoint = await startRecordingEndpoint(ANSWER);
    set({
      TOKENKEEP_MICROSOFT_CLIENT_ID: 'id',
      TOKENKEEP_MICROSOFT_CLIENT_SECRET: 'secret',
      TOKENKEEP_MICROSOFT_TENANT: 'a/b',
      TOKENKEEP_MICROSOFT_REDIRECT_URI: "of the application's own",
      TOKENKEEP_NOWHERE_CLIENT_ID: "of the application's own",
      TOKENKEEP_HUBSPOT_CLIENT_ID: 'hub',
      TOKENKEEP_HUBSPOT_CLIENT_SECRET: 'secret',
      TOKENKEEP_HUBSPOT_TOKEN_URL: endpoint.url,
    });
    const keep = scene.keep({ providers: {} });
    const { userId } = await scene.user(keep, -60, 'microsoft');
    const failure = await failureOf(keep.integration.getValidToken(userId, 'microsoft'));
    expect(failure.name).toBe('ConfigurationError');
    expect(failure.message).toMatch(/^TOKENKEEP_MICROSOFT_TENANT: must match/);
    await scene.user(keep, -60, 'hubspot');
    const run = await keep.integration.refreshExpiring({ expiresWithin: 1_000 });
    expect(run).toMatchObject({ refreshed: 1, failed: 0 });
    expect(run.skipped).toContainEqual({ provider: 'microsoft', count: 1 });
  });

  it('of a provider that is not built in needs its token URL', async () => {
    set({
      TOKENKEEP_NOWHERE_CLIENT_ID: 'id',
      TOKENKEEP_NOWHERE_CLIENT_SECRET: 'secret',
      TOKENKEEP_NOWHERE_TOKEN_URL: 'no url',
    });
    const keep = scene.keep({ providers: {} });
    const { userId } = await scene.user(keep, -60, 'nowhere');
    const failure = await failureOf(keep.integration.getValidToken(userId, 'nowhere'));
    expect(failure.message).toMatch(/^TOKENKEEP_NOWHERE_TOKEN_URL: must be an https/);
  });
});
