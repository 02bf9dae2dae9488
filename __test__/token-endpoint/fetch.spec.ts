/** The option `fetch`: every store's token requests go through it, and through nothing else. */

import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTokenKeep, type TokenKeep, type TokenKeepOptions } from '../../dist/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { emptyDatabase, KEY, type TestDatabase } from '../helpers/database';
import { failureOf } from '../helpers/promises';
import { migrateOn } from '../helpers/tables';

/** A host that there is not: only msw answers for it. */
const TOKEN_URL = 'https://provider.example/token';

const asked: { form: Record<string, string>; headers: Headers }[] = [];
const server = setupServer();
const answer = (
  init: { body?: object | string; status?: number; headers?: Record<string, string> } = {},
) =>
  server.use(
    http.post(TOKEN_URL, async ({ request }) => {
      const form = Object.fromEntries(new URLSearchParams(await request.text()));
      asked.push({ form, headers: request.headers });
      const body = init.body ?? { access_token: 'new', expires_in: 3_600 };
      return typeof body === 'string'
        ? new HttpResponse(body, { status: init.status ?? 200, headers: init.headers ?? {} })
        : HttpResponse.json(body, { status: init.status ?? 200, headers: init.headers ?? {} });
    }),
  );

let database: TestDatabase;
let keep: TokenKeep;
const closing: TokenKeep[] = [];

function instance(options: TokenKeepOptions = {}): TokenKeep {
  const made = createTokenKeep({
    databaseUrl: database.url,
    gmailEncryptionKey: KEY,
    tokenkeepKey: KEY,
    encryptionSecret: KEY,
    googleClientId: 'client',
    googleClientSecret: 'secret',
    googleTokenUrl: TOKEN_URL,
    zohoTokenUrl: TOKEN_URL,
    googleOauthRedirectUri: 'https://app.example/auth/google/callback',
    googleAuthorizationUrl: 'https://provider.example/auth',
    // Asked anew for each request, as an application's own would be.
    fetch: (url, init) => fetch(url, init),
    ...options,
  });
  closing.push(made);
  return made;
}

beforeAll(async () => {
  database = await emptyDatabase();
  await migrateOn(database, { stores: ['gmail', 'zoho', 'vault', 'calendar', 'integration'] });
  server.listen({ onUnhandledRequest: 'bypass' });
});
beforeEach(() => {
  asked.length = 0;
  keep = instance();
});
afterEach(async () => {
  server.resetHandlers();
  for (const made of closing.splice(0)) await made.close({ timeoutMs: 1_000 });
});
afterAll(async () => {
  server.close();
  await database.drop();
});

const id = randomUUID;
const past = new Date(Date.now() - 60_000);

describe('a refresh through fetch', () => {
  const stores: Record<string, () => Promise<unknown>> = {
    async gmail() {
      const [userId, tenantId] = [id(), id()];
      await keep.gmail.upsertGmailTokens({
        userId,
        tenantId,
        accessToken: 'old',
        refreshToken: 'rt',
        expiresAt: past,
        scope: 's',
      });
      return (await keep.gmail.getValidGmailToken(userId)).accessToken;
    },
    async zoho() {
      const credentials = { clientId: 'client', clientSecret: 'secret' };
      const clientId = id();
      await keep.zoho.storeTokens(clientId, 'zoho_crm', { refreshToken: 'rt' });
      return keep.zoho.getAccessToken(clientId, 'zoho_crm', credentials);
    },
    async vault() {
      const tenantId = id();
      await keep.vault.storeToken(tenantId, 'google', 'refresh_token', { value: 'rt' });
      const found = await keep.vault.getAccessToken(tenantId, 'google', undefined, 5, {
        refresh: true,
      });
      return found?.token.value;
    },
    async calendar() {
      const userId = id();
      await keep.calendar.saveCalendarTokens(userId, 'old', 'rt', past, null);
      return (await keep.calendar.getCredentialsForUser(userId))?.access_token;
    },
    async integration() {
      const userId = id();
      const token = { accessToken: 'old', refreshToken: 'rt', expiresAt: past };
      await keep.integration.storeToken(userId, 'google', token);
      return (await keep.integration.getValidToken(userId, 'google')).accessToken;
    },
  };

  it.each(Object.keys(stores))('of the %s store', async (store) => {
    answer();
    expect(await stores[store]!()).toBe('new');
    expect(asked).toHaveLength(1);
    const [{ form, headers }] = asked as [(typeof asked)[0]];
    expect(form).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'rt',
      client_id: 'client',
      client_secret: 'secret',
    });
    expect(headers.get('accept')).toBe('application/json');
  });

  it('and so is the exchange of a code', async () => {
    answer({ body: { access_token: 'at', refresh_token: 'rt', expires_in: 60 } });
    const userId = id();
    const url = new URL(await keep.calendar.getAuthUrl({ userId }));
    const state = url.searchParams.get('state')!;
    await keep.calendar.exchangeCodeForTokens(userId, 'code', { state });
    expect(asked[0]!.form).toMatchObject({ grant_type: 'authorization_code', code: 'code' });
    expect(await keep.calendar.getCalendarTokens(userId)).toMatchObject({ accessToken: 'at' });
  });

  it('of a client that authenticates in the header has it there', async () => {
    answer();
    const acme = {
      tokenUrl: TOKEN_URL,
      clientId: 'c:1',
      clientSecret: 's',
      clientAuthentication: 'client_secret_basic' as const,
    };
    const { integration } = instance({ providers: { acme } });
    const userId = id();
    const token = { accessToken: 'old', refreshToken: 'rt', expiresAt: past };
    await integration.storeToken(userId, 'acme', token);
    await integration.getValidToken(userId, 'acme');
    expect(asked[0]!.form).toEqual({ grant_type: 'refresh_token', refresh_token: 'rt' });
    const basic = Buffer.from('c%3A1:s').toString('base64');
    expect(asked[0]!.headers.get('authorization')).toBe(`Basic ${basic}`);
  });
});

describe('what fetch does not bring', () => {
  const refresh = async (made = keep) => {
    const userId = id();
    const token = { accessToken: 'old', refreshToken: 'rt', expiresAt: past };
    await made.integration.storeToken(userId, 'google', token);
    return failureOf(made.integration.getValidToken(userId, 'google'));
  };
  const thrown = (error: unknown) => instance({ fetch: () => Promise.reject(error) });

  it('because it could not connect is known to have sent nothing', async () => {
    const refused = Object.assign(new TypeError('fetch failed'), {
      cause: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
    });
    const fetching = vi.fn(() => Promise.reject(refused));
    const failure = await refresh(instance({ fetch: fetching, limitsDivisor: 20 }));
    expect(failure.code).toBe('ERR_TOKENKEEP_PROVIDER_UNAVAILABLE');
    expect(fetching.mock.calls.length).toBeGreaterThan(1);
  });

  it('for any other reason is not known to have sent nothing', async () => {
    const odd = {
      get cause(): never {
        throw new Error('a getter');
      },
    };
    for (const error of [new TypeError('terminated'), 'odd', undefined, odd]) {
      const failure = await refresh(thrown(error));
      expect(failure.code).toBe('ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN');
    }
  });

  it.each(['Retry-After', 'X-Retry-After'])(
    'has the wait that %s asks for in its error',
    async (name) => {
      answer({ status: 403, body: '', headers: { [name]: '60' } });
      expect(await refresh()).toMatchObject({
        code: 'ERR_TOKENKEEP_PROVIDER_THROTTLED',
        retryAfterMs: 60_000,
      });
    },
  );

  it.each([
    [{ status: 400, body: { error: 'invalid_grant' } }, 'ERR_TOKENKEEP_REVOKED'],
    [{ status: 401, body: { error: 'invalid_client' } }, 'ERR_TOKENKEEP_CLIENT_REJECTED'],
    [{ status: 200, body: '<html>' }, 'ERR_TOKENKEEP_PROVIDER_RESPONSE'],
    [{ status: 200, body: 'x'.repeat(1_100_000) }, 'ERR_TOKENKEEP_PROVIDER_RESPONSE'],
    [{ status: 302, body: '' }, 'ERR_TOKENKEEP_PROVIDER_REFUSED'],
  ])('%#: is judged as any answer', async (init, code) => {
    answer(init);
    expect((await refresh()).code).toBe(code);
  });

  it('because it never answers is aborted when its time is over', async () => {
    const signals: AbortSignal[] = [];
    const silent = instance({
      limitsDivisor: 100,
      fetch: (_, init) => {
        signals.push(init.signal!);
        return new Promise(() => {});
      },
    });
    expect((await refresh(silent)).retryable).toBe(true);
    await vi.waitFor(() => expect(signals.map(({ aborted }) => aborted)).toEqual([true]));
  });
});

describe('an answer with a stream of Node’s own, as node-fetch has it', () => {
  const refresh = async (body: Readable) => {
    // Its arrayBuffer would read all of it first.
    const arrayBuffer = vi.fn(() => Promise.reject(new Error('must not be asked')));
    const answered = { status: 200, headers: new Headers(), body, arrayBuffer };
    const { integration } = instance({ fetch: async () => answered as never, limitsDivisor: 10 });
    const userId = id();
    const token = { accessToken: 'old', refreshToken: 'rt', expiresAt: past };
    await integration.storeToken(userId, 'google', token);
    return integration.getValidToken(userId, 'google');
  };
  const json = JSON.stringify({ access_token: 'new', expires_in: 3_600 });

  it('is read, in bytes or in texts', async () => {
    const bytes = Readable.from([Buffer.from(json.slice(0, 9)), Buffer.from(json.slice(9))]);
    expect((await refresh(bytes)).accessToken).toBe('new');
    expect((await refresh(Readable.from([json]).setEncoding('utf8'))).accessToken).toBe('new');
  });

  it('is read up to its limit, and closed', async () => {
    let read = 0;
    async function* endless() {
      for (;;) {
        read += 65_536;
        yield Buffer.alloc(65_536, ' ');
      }
    }
    const body = Readable.from(endless(), { objectMode: false, highWaterMark: 65_536 });
    const failure = await failureOf(refresh(body));
    expect(failure.code).toBe('ERR_TOKENKEEP_PROVIDER_RESPONSE');
    expect(body.destroyed).toBe(true);
    expect(read).toBeLessThan(2 * 1024 * 1024);
  });

  it('that breaks off is not known to have said anything', async () => {
    async function* broken() {
      yield Buffer.from(json.slice(0, 9));
      throw new Error('terminated');
    }
    const failure = await failureOf(refresh(Readable.from(broken())));
    expect(failure.code).toBe('ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN');
  });
});

it('each instance has its own', async () => {
  const endpoint = await startTokenEndpoint();
  const own = vi.fn((url: string, init: RequestInit) => fetch(url, init));
  const [one, two] = [
    instance({ fetch: own, googleTokenUrl: endpoint.url }),
    instance({ fetch: undefined, googleTokenUrl: endpoint.url }),
  ];
  for (const made of [one, two]) {
    const userId = id();
    const { refreshToken } = endpoint.issue();
    const token = { accessToken: 'old', refreshToken, expiresAt: past };
    await made.integration.storeToken(userId, 'google', token);
    await made.integration.getValidToken(userId, 'google');
  }
  expect(endpoint.requests).toHaveLength(2);
  expect(own).toHaveBeenCalledTimes(1);
  await endpoint.close();
});
