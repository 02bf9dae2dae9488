/** Endpoints without TLS: a token request tells whoever listens the tokens and the client's secret. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTokenKeep, type TokenKeep, type TokenKeepOptions } from '../../dist/index.js';
import { emptyDatabase, KEY, type TestDatabase } from '../helpers/database';
import { failureOf } from '../helpers/promises';
import { migrateOn } from '../helpers/tables';

let database: TestDatabase;
beforeAll(async () => {
  database = await emptyDatabase();
  await migrateOn(database, { stores: ['zoho', 'calendar', 'integration'] });
});
afterAll(() => database.drop());
const closing: TokenKeep[] = [];
afterEach(async () => {
  for (const keep of closing.splice(0)) await keep.close({ timeoutMs: 1_000 });
  delete process.env['TOKENKEEP_ALLOW_INSECURE_REQUESTS'];
});

const asked: string[] = [];

/** An instance that counts what it would send. */
function instance(options: TokenKeepOptions): TokenKeep {
  asked.length = 0;
  const keep = createTokenKeep({
    databaseUrl: database.url,
    tokenkeepKey: KEY,
    googleClientId: 'c',
    googleClientSecret: 's',
    googleOauthRedirectUri: 'https://app.example/callback',
    fetch: async (url) => {
      asked.push(url);
      return new Response('{"access_token":"new"}');
    },
    ...options,
  });
  closing.push(keep);
  return keep;
}

const REMOTE = 'http://proxy.example/token';
const acme = { clientId: 'c', clientSecret: 's' };
const USER = '00000000-0000-4000-8000-000000000001';
const past = new Date(Date.now() - 60_000);

async function refresh(keep: TokenKeep, provider: string): Promise<unknown> {
  const token = { accessToken: 'at', refreshToken: 'rt', expiresAt: past };
  await keep.integration.storeToken('u', provider, token);
  return keep.integration.getValidToken('u', provider);
}

async function zoho(keep: TokenKeep): Promise<unknown> {
  await keep.zoho.storeTokens('c', 'zoho_crm', { refreshToken: 'rt' });
  return keep.zoho.getAccessToken('c', 'zoho_crm', acme);
}

type Use = (keep: TokenKeep) => Promise<unknown>;

const uses: [string, TokenKeepOptions, string, Use][] = [
  [
    'googleTokenUrl',
    { googleTokenUrl: REMOTE },
    'TOKENKEEP_GOOGLE_TOKEN_URL',
    (keep) => refresh(keep, 'google'),
  ],
  [
    'googleAuthorizationUrl',
    { googleAuthorizationUrl: REMOTE },
    'TOKENKEEP_GOOGLE_AUTHORIZATION_URL',
    (keep) => keep.calendar.getAuthUrl({ userId: USER }),
  ],
  [
    'googleRevocationUrl',
    { googleRevocationUrl: REMOTE },
    'TOKENKEEP_GOOGLE_REVOCATION_URL',
    (keep) => keep.calendar.getAuthUrl({ userId: USER }),
  ],
  ['zohoTokenUrl', { zohoTokenUrl: REMOTE }, 'TOKENKEEP_ZOHO_TOKEN_URL', zoho],
  [
    'tokenUrl of a provider',
    { providers: { acme: { ...acme, tokenUrl: REMOTE } } },
    'providers',
    (keep) => refresh(keep, 'acme'),
  ],
  [
    'revocationUrl of a provider',
    { providers: { acme: { ...acme, tokenUrl: 'https://a.example', revocationUrl: REMOTE } } },
    'providers',
    (keep) => refresh(keep, 'acme'),
  ],
];

describe('an http:// URL of another machine', () => {
  it.each(uses)('as %s is refused by name, and nothing is sent', async (_, options, named, use) => {
    const failure = await failureOf(use(instance(options)));
    expect(failure).toMatchObject({
      name: 'ConfigurationError',
      option: named,
      message: expect.stringContaining('allowInsecureRequests'),
    });
    expect(failure.message).not.toContain('proxy.example');
    expect(asked).toEqual([]);
  });

  it.each(uses)('as %s is taken where the options allow it', async (_, options, _named, use) => {
    expect(await use(instance({ ...options, allowInsecureRequests: true }))).toBeDefined();
    process.env['TOKENKEEP_ALLOW_INSECURE_REQUESTS'] = '1';
    expect(await use(instance(options))).toBeDefined();
  });
});

it.each(['http://127.0.0.1:9/t', 'http://localhost:9/t', 'http://[::1]:9/t', 'https://a.example'])(
  'a URL that needs no TLS, or has it, is taken: %s',
  async (tokenUrl) => {
    const keep = instance({ providers: { acme: { ...acme, tokenUrl } } });
    expect(await refresh(keep, 'acme')).toMatchObject({ accessToken: 'new' });
    expect(asked).toEqual([tokenUrl]);
  },
);
