/** What a new user stumbles over: mistyped names, an error without its provider, a lost account. */

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { type TokenKeep, type TokenKeepOptions, createTokenKeep } from '../../dist/index.js';
import { type ConnectHandlersOptions, createConnectHandlers } from '../../dist/http/index.js';
import {
  type TestDatabase,
  type TokenEndpoint,
  fakeTokenKeep,
  startTestDatabase,
  startTokenEndpoint,
} from '../../dist/testing/index.js';
import { failureOf } from '../helpers/promises';

const BASE = 'https://app.example/oauth';

let database: TestDatabase;
let endpoint: TokenEndpoint;
let keep: TokenKeep;
/** What `onError` was told. */
let told: { message: string; provider: string }[];

beforeAll(async () => {
  database = await startTestDatabase({ server: inject('databaseUrl'), stores: ['integration'] });
});
afterAll(() => database.stop());
beforeEach(async () => {
  endpoint = await startTokenEndpoint([], { provider: 'google' });
  told = [];
  use();
});
afterEach(async () => {
  await keep.close();
  await endpoint.stop();
});

/** An instance with these providers and google. */
function use(providers: TokenKeepOptions['providers'] = {}): void {
  const at = { tokenUrl: endpoint.url, authorizationUrl: endpoint.authorizationUrl };
  const client = { clientId: 'client', clientSecret: 'secret' };
  keep = createTokenKeep({
    databaseUrl: database.url,
    tokenkeepKey: '22'.repeat(32),
    providers: { google: { ...client, ...at }, ...providers },
  });
}

const handlersOf = (options: ConnectHandlersOptions = {}) =>
  createConnectHandlers({
    keep,
    url: BASE,
    scopes: { google: ['openid', 'calendar'] },
    userId: () => 'ada',
    onError: (error, { provider }) =>
      void told.push({ message: (error as Error).message, provider }),
    ...options,
  });

const meant = (name: string) => `Did you mean '${name}'?`;

describe('a mistyped provider is told with the nearest one', () => {
  const client = { clientId: 'client', clientSecret: 'secret' };
  let user: string;
  beforeEach(() => void (user = randomUUID()));
  const stored = (provider: string) =>
    keep.integration.storeToken(user, provider, {
      accessToken: 'a',
      refreshToken: 'r',
      expiresAt: new Date(0),
    });

  it('where it is described without URLs', async () => {
    use({ githb: client });
    await stored('githb');
    const error = await failureOf(keep.integration.getValidToken(user, 'githb'));
    expect(error).toMatchObject({ option: 'providers' });
    expect(error.message).toMatch(/^providers\.githb\.tokenUrl: .*Did you mean 'github'\?$/);
  });

  it('where a token is asked for', async () => {
    use({ acmecorp: { ...client, tokenUrl: endpoint.url } });
    for (const [typed, name] of [
      ['githb', 'github'],
      ['hubspto#work', 'hubspot'],
      ['acmecrop', 'acmecorp'],
    ] as const) {
      const missing = await failureOf(keep.integration.getValidToken(user, typed));
      expect(missing).toMatchObject({ name: 'NotConnectedError' });
      expect(missing.message).toContain(meant(name));
      await stored(typed);
      const error = await failureOf(keep.integration.getValidToken(user, typed));
      expect(error).toMatchObject({ name: 'ConfigurationError' });
      expect(error.message).toContain(meant(name));
    }
    for (const known of ['acmecorp', 'github', 'zzzz']) {
      const error = await failureOf(keep.integration.getValidToken(user, known));
      expect(error.message).toBe(`${known} is not connected for this user`);
    }
    const other = await failureOf(keep.integration.revoke(user, 'zzz', { confirm: true }));
    expect(other.message).not.toContain('Did you mean');
  });

  it('where a link is made, or scopes are given', async () => {
    const handlers = handlersOf({ scopes: { hubspt: ['oauth'] } });
    const error = await failureOf(handlers.linkFor('ada', { provider: 'gogle' }));
    expect(error.message).toContain(meant('google'));
    expect(told).toEqual([
      { message: expect.stringContaining(meant('hubspot')), provider: 'hubspt' },
    ]);
  });

  it('where its route is opened, once, and the application still answers', async () => {
    const handlers = handlersOf();
    for (const path of ['connect/githb', 'callback/githb', 'connect/gihtub']) {
      expect(await handlers.handle(new Request(`${BASE}/${path}`))).toBeUndefined();
    }
    expect(told).toEqual([
      { message: expect.stringContaining(meant('github')), provider: 'githb' },
    ]);
  });

  it('and nothing is told of a name that is no mistyped one, or has no client', async () => {
    const handlers = handlersOf();
    for (const name of ['zzzzzz', 'github', 'git%0Ahub', `g${'o'.repeat(5_000)}gle`]) {
      expect(handlers.serves(`/oauth/connect/${name}`)).toBe(false);
    }
    expect(told).toEqual([]);
  });
});

describe('a user who does not come through', () => {
  /** Opens the callback after a consent, in a browser that wants pages. */
  async function connect(account: string, instance = keep) {
    const handlers = handlersOf({ keep: instance });
    const started = await handlers.connect(
      new Request(`${BASE}/connect/google?account=${account}`),
    );
    const cookie = started.headers.getSetCookie()[0]!.split(';')[0]!;
    const link = new URL(started.headers.get('location')!);
    const state = link.searchParams.get('state')!;
    const back =
      instance === keep
        ? (await fetch(link, { redirect: 'manual' })).headers.get('location')!
        : `${BASE}/callback/google?error=access_denied&state=${state}`;
    const answer = await handlers.callback(new Request(back, { headers: { cookie } }));
    return answer.text();
  }

  it('tries again with the same account', async () => {
    endpoint.consent({ error: 'access_denied' });
    const again = (page: string) => /<a href="(\/oauth\/connect\/[^"]*)"/.exec(page)?.[1];
    expect(again(await connect('work'))).toBe('/oauth/connect/google?account=work');
    expect(again(await connect('a%20%26b'))).toBe('/oauth/connect/google?account=a+%26b');
    expect(again(await connect(''))).toBe('/oauth/connect/google');
    const fake = await connect('work', fakeTokenKeep());
    expect(again(fake)).toBe('/oauth/connect/google?account=work');
  });

  it('is reported with the provider, also one who granted less than asked', async () => {
    endpoint.consent({ scopes: ['openid'] });
    expect(await connect(randomUUID())).toContain('select every box');
    endpoint.consent({});
    endpoint.script([{ error: 'invalid_client' }]);
    expect(await connect(randomUUID())).toContain('not set up correctly');
    expect(told).toEqual([
      { message: expect.stringContaining('did not allow all'), provider: 'google' },
      { message: expect.stringContaining('client id'), provider: 'google' },
    ]);
  });
});
