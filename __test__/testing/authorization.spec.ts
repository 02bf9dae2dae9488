/** Users connect at the endpoint of tokenkeep/testing, which answers as a built-in provider documents it. */

import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { type TokenKeep, createTokenKeep } from '../../dist/index.js';
import { createConnectHandlers } from '../../dist/http/index.js';
import {
  type TestDatabase,
  type TokenEndpoint,
  expireToken,
  startTestDatabase,
  startTokenEndpoint,
} from '../../dist/testing/index.js';

const folder = new URL('../rust/providers/answers/', import.meta.url);

interface Documented {
  what: string;
  status: number;
  body: Record<string, unknown>;
  gives: string;
  code?: string;
}

const NAMES = readdirSync(folder).map((file) => file.replace('.json', ''));
const documented = (name: string) =>
  JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Documented[];

let database: TestDatabase;
let endpoint: TokenEndpoint;
let keep: TokenKeep;

beforeAll(async () => {
  database = await startTestDatabase({
    server: inject('databaseUrl'),
    stores: ['integration'],
  });
});
afterAll(() => database.stop());
afterEach(async () => {
  await keep?.close();
  await endpoint?.stop();
});

const BASE = 'https://app.example/oauth';

/** A provider whose endpoints are those of the kit. */
async function use(provider: string): Promise<void> {
  endpoint = await startTokenEndpoint([], { provider });
  const at = { tokenUrl: endpoint.url, authorizationUrl: endpoint.authorizationUrl };
  keep = createTokenKeep({
    databaseUrl: database.url,
    tokenkeepKey: '22'.repeat(32),
    providers: { [provider]: { clientId: 'client', clientSecret: 'secret', ...at } },
  });
}

/** A user connects; gives the user, and what the callback answers. */
async function connect(provider: string, scopes: string[], user: string = randomUUID()) {
  const errors: unknown[] = [];
  const handlers = createConnectHandlers({
    keep,
    url: BASE,
    scopes: { [provider]: scopes },
    userId: () => user,
    onError: (error) => void errors.push(error),
  });
  const started = await handlers.connect(new Request(`${BASE}/connect/${provider}`));
  const cookie = started.headers.getSetCookie()[0]!.split(';')[0]!;
  const consent = await fetch(started.headers.get('location')!, { redirect: 'manual' });
  const headers = { cookie, accept: 'application/json' };
  const back = new Request(consent.headers.get('location')!, { headers });
  const answer: unknown = await (await handlers.callback(back)).json();
  return { user, answer, errors };
}

describe('a user', () => {
  it.each(NAMES)('connects at %s, and the token is refreshed', async (provider) => {
    await use(provider);
    const { user, answer, errors } = await connect(provider, ['one', 'two']);
    expect({ answer, errors }).toMatchObject({ answer: { connected: true }, errors: [] });
    const first = await keep.integration.getToken(user, provider);
    const hasRefreshToken = first!.refreshToken !== null;
    expect(hasRefreshToken).toBe(provider !== 'intercom');
    if (!hasRefreshToken) return;
    const next = await keep.integration.getValidToken(user, provider, { forceRefresh: true });
    expect(next.accessToken).not.toBe(first!.accessToken);
    expect(next.scopes).toEqual(first!.scopes);
    expect(endpoint.familyOf(next.refreshToken)).toMatchObject({ alive: true, reuses: [] });
  });

  it('has the scopes that were asked for, where the provider never names one of them', async () => {
    await use('microsoft');
    const { user } = await connect('microsoft', ['User.Read', 'offline_access']);
    const token = await keep.integration.getToken(user, 'microsoft');
    expect(token?.scopes).toEqual(['User.Read', 'offline_access']);
  });

  it('declines, or chooses another account than before', async () => {
    await use('google');
    const { user } = await connect('google', ['openid', 'calendar']);
    endpoint.consent({ subject: 'grace' });
    const other = await connect('google', ['openid', 'calendar'], user);
    expect(other.answer).toEqual({ connected: true, account_changed: true });
    endpoint.consent({ scopes: ['openid'] });
    const fewer = await connect('google', ['openid', 'calendar'], user);
    expect(fewer.answer).toMatchObject({ error: 'scopes_missing' });
    endpoint.consent({ error: 'access_denied' });
    expect((await connect('google', [], user)).answer).toMatchObject({ error: 'denied' });
    endpoint.consent({});
    expect((await connect('google', [], user)).answer).toMatchObject({ connected: true });
  });

  it('whose grant is dead must connect again, whatever the provider calls it', async () => {
    for (const [provider, providerError] of [
      ['microsoft', 'AADSTS50076'],
      ['hubspot', 'grant_dead'],
      ['slack', 'invalid_refresh_token'],
    ] as const) {
      await use(provider);
      // A client that has refreshed before is believed.
      const proven = await connect(provider, ['one']);
      await keep.integration.getValidToken(proven.user, provider, { forceRefresh: true });
      const { user } = await connect(provider, ['one']);
      await expireToken(database.url, { store: 'integration', userId: user, provider });
      endpoint.script([{ providerError }]);
      const asked = keep.integration.getValidToken(user, provider);
      await expect(asked).rejects.toMatchObject({ code: 'ERR_TOKENKEEP_REVOKED' });
      await keep.close();
      await endpoint.stop();
    }
  });
});

/** Posts a form as a client. */
async function ask(form: Record<string, string>) {
  const response = await fetch(endpoint.url, { method: 'POST', body: new URLSearchParams(form) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('a code', () => {
  const redirectUri = 'https://app.example/callback';
  const verifier = randomBytes(32).toString('base64url');

  async function codeOf(more: Record<string, string> = {}): Promise<string> {
    const url = new URL(endpoint.authorizationUrl);
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const pkce = { code_challenge: challenge, code_challenge_method: 'S256' };
    const fields = { response_type: 'code', client_id: 'c', redirect_uri: redirectUri, ...pkce };
    url.search = new URLSearchParams({ ...fields, state: 's', ...more }).toString();
    const response = await fetch(url, { redirect: 'manual' });
    const back = new URL(response.headers.get('location')!);
    expect(back.searchParams.get('state')).toBe('s');
    return back.searchParams.get('code')!;
  }

  const redeem = (code: string, more: Record<string, string> = {}) =>
    ask({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
      ...more,
    });

  it('is exchanged once', async () => {
    endpoint = await startTokenEndpoint();
    const code = await codeOf({ scope: 'read write' });
    const tokens = { access_token: expect.any(String), refresh_token: expect.any(String) };
    expect(await redeem(code)).toMatchObject({
      status: 200,
      body: { ...tokens, scope: 'read write' },
    });
    expect(await redeem(code)).toEqual({ status: 400, body: { error: 'invalid_grant' } });
  });

  it.each([
    ['another code verifier', { code_verifier: 'x'.repeat(43) }],
    ['another redirect URI', { redirect_uri: 'https://other.example/callback' }],
    ['another code', { code: 'made up' }],
  ])('is not exchanged with %s', async (_, more) => {
    endpoint = await startTokenEndpoint();
    expect(await redeem(await codeOf(), more)).toMatchObject({ status: 400 });
  });

  it('is refused in the words of the provider', async () => {
    endpoint = await startTokenEndpoint([], { provider: 'github' });
    const { body } = await redeem('made up');
    expect(body).toMatchObject({ error: 'bad_verification_code' });
  });

  it('is issued to nobody who names no place to go back to', async () => {
    endpoint = await startTokenEndpoint();
    expect((await fetch(endpoint.authorizationUrl)).status).toBe(400);
  });
});

describe('an error of a provider', () => {
  const errors = NAMES.flatMap((provider) =>
    documented(provider)
      .filter(({ gives, what }) => gives !== 'tokens' && !what.startsWith('made-up'))
      .map((answer) => [provider, answer.what, answer] as const),
  );

  it.each(errors)('of %s is played by its name: %s', async (provider, _, { body, gives, code }) => {
    endpoint = await startTokenEndpoint([], { provider });
    const { refreshToken } = endpoint.issue();
    for (const name of [code, body['error'], gives === 'refused' ? undefined : gives]) {
      if (typeof name !== 'string') continue;
      endpoint.script([{ providerError: name }]);
      const told = await ask({ grant_type: 'refresh_token', refresh_token: refreshToken });
      const same = documented(provider).filter(({ status }) => status === told.status);
      expect(same.map((answer) => answer.body)).toContainEqual(told.body);
    }
    expect(endpoint.isAlive(refreshToken)).toBe(true);
  });

  it('that is mistyped, or of no provider, is refused with the nearest', async () => {
    endpoint = await startTokenEndpoint([], { provider: 'microsoft' });
    const mistyped = () => endpoint.script([{}, { providerError: 'AADST50076' }]);
    expect(mistyped).toThrow(/script\[1\]\.providerError: .*Did you mean 'AADSTS50076'\?/);
    await endpoint.stop();
    endpoint = await startTokenEndpoint();
    const ofNone = () => endpoint.script([{ providerError: 'grant_dead' }]);
    expect(ofNone).toThrow('script[0].providerError: needs the option provider');
    const none = startTokenEndpoint([], { provider: 'hubspt' });
    await expect(none).rejects.toThrow("Did you mean 'hubspot'?");
  });
});

it('tokens without a code have the scopes that are given, or those of the documentation', async () => {
  endpoint = await startTokenEndpoint([], { provider: 'hubspot' });
  const scopesOf = async ({ refreshToken }: { refreshToken: string }) => {
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
    const { body } = await ask(form);
    return [body['scopes'], body['hub_id'], body['refresh_token'] === refreshToken];
  };
  expect(await scopesOf(endpoint.issue({ scopes: ['tickets'] }))).toEqual([
    ['tickets'],
    1234567,
    true,
  ]);
  const usual = ['oauth', 'crm.objects.contacts.read'];
  expect(await scopesOf(endpoint.issue())).toEqual([usual, 1234567, true]);
});
