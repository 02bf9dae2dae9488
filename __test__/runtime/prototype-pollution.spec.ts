/**
 * `Object.prototype` with an option's name on it, as a careless merge elsewhere in a process leaves it:
 * nothing that tokenkeep does changes, since it reads what an object has itself.
 */

import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import ts from 'typescript-5';
import { createGoogleHandlers } from '../../dist/http/index.js';
import {
  close,
  createTokenKeep,
  hasActiveGmailConnection,
  sealValue,
  type TokenKeepOptions,
} from '../../dist/index.js';
import { fakeTokenKeep, startTokenEndpoint } from '../../dist/testing/index.js';
import { emptyDatabase, KEY, type TestDatabase } from '../helpers/database';
import type { Endpoint } from '../helpers/scene';
import { migrateOn } from '../helpers/tables';

const ROOT = join(import.meta.dirname, '../..');

/** Every field that may be left out, of every object that somebody hands to tokenkeep. */
function optionalNames(): string[] {
  const sources = readdirSync(join(ROOT, 'ts'), { recursive: true, encoding: 'utf8' });
  const files = sources.filter((file) => file.endsWith('.ts')).map((file) => `ts/${file}`);
  const names = new Set<string>();
  for (const file of [...files, 'index.d.ts']) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const visit = (node: ts.Node): void => {
      if (ts.isPropertySignature(node) && node.questionToken) names.add(node.name.getText());
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  }
  return [...names].toSorted();
}

/** Every variable that tokenkeep reads. */
function variableNames(): string[] {
  const program = join(ROOT, '__test__/docs/variables.mjs');
  const options = { encoding: 'utf8', env: { PATH: process.env['PATH'] } } as const;
  const names = JSON.parse(execFileSync(process.execPath, [program], options)) as string[];
  // Node reads its own, and looks at the prototype.
  return names.filter((name) => !/^(NODE_|NAPI_|UV_|WATCH_|FORCE_COLOR|NO_COLOR)/.test(name));
}

/** Who wrongly asked for what is on `Object.prototype`. */
const asked: string[] = [];

/**
 * Puts a value there that only tokenkeep's own code sees: Node's must go on. It is refused, or leads
 * elsewhere, wherever it is taken for an option.
 */
function pollute(name: string): void {
  // Descriptors are looked at by the names on Object.prototype, too.
  const descriptor: PropertyDescriptor & ThisType<object> = {
    configurable: true,
    get() {
      const [, , caller = ''] = new Error('who').stack?.split('\n') ?? [];
      if (!caller.includes(`${ROOT}/dist/`)) return undefined;
      asked.push(`${name} ${caller.trim()}`);
      return 'http://127.0.0.1:1/polluted';
    },
    set(value: unknown) {
      const own = { value, writable: true, enumerable: true, configurable: true };
      Object.defineProperty(this, name, Object.assign(Object.create(null), own));
    },
  };
  Object.defineProperty(
    Object.prototype,
    name,
    Object.assign(Object.create(null), descriptor) as PropertyDescriptor,
  );
}

let database: TestDatabase;
let endpoint: Endpoint;
const unset: string[] = [];

beforeAll(async () => {
  database = await emptyDatabase();
  await migrateOn(database, { stores: ['gmail', 'zoho', 'vault', 'calendar', 'integration'] });
  endpoint = (await startTokenEndpoint()) as unknown as Endpoint;
  const variables = {
    DATABASE_URL: database.url,
    GMAIL_ENCRYPTION_KEY: KEY,
    TOKENKEEP_KEY: KEY,
    ENCRYPTION_SECRET: KEY,
    GOOGLE_CLIENT_ID: 'client',
    GOOGLE_CLIENT_SECRET: 'secret',
    TOKENKEEP_GOOGLE_TOKEN_URL: endpoint.url,
    TOKENKEEP_GOOGLE_REVOCATION_URL: endpoint.url,
    TOKENKEEP_ZOHO_TOKEN_URL: endpoint.url,
    GOOGLE_OAUTH_REDIRECT_URI: 'https://app.example/auth/google/callback',
  };
  for (const [name, value] of Object.entries(variables)) {
    if (process.env[name] === undefined) unset.push(name);
    process.env[name] = value;
  }
});
afterAll(async () => {
  await close();
  for (const name of unset) delete process.env[name];
  await (endpoint as unknown as { stop(): Promise<void> }).stop();
  await database.drop();
});

const past = new Date(Date.now() - 60_000);
const later = () => new Date(Date.now() + 3_600_000);

/** What comes of every call that takes an object, but for what differs from run to run. */
async function outcomes(
  options: TokenKeepOptions,
  requests: () => Request[],
): Promise<Record<string, unknown>> {
  const outcome: Record<string, unknown> = {};
  const note = async (name: string, call: () => unknown): Promise<void> => {
    try {
      outcome[name] = await call();
    } catch (error) {
      outcome[name] = String(error);
    }
  };
  const id = randomUUID();
  const keep = createTokenKeep(options);
  const { gmail, calendar, zoho, vault, integration } = keep;
  const asks = endpoint.requests.length;
  await note('gmail', async () => {
    const { refreshToken } = endpoint.issue();
    const tokens = { accessToken: 'old', refreshToken, expiresAt: past, scope: 's' };
    await gmail.upsertGmailTokens({ userId: id, tenantId: 't', ...tokens });
    return (await gmail.getValidGmailToken(id)).accessToken !== 'old';
  });
  await note('gmail by a refreshFn', async () => {
    const user = randomUUID();
    const tokens = { accessToken: 'old', refreshToken: 'rt', expiresAt: past, scope: 's' };
    await gmail.upsertGmailTokens({ userId: user, tenantId: 't', ...tokens });
    const expiryDate = Number(later());
    await gmail.getValidGmailToken(user, async () => ({ accessToken: 'new', expiryDate }));
    const { accessToken, refreshToken } = (await gmail.getGmailTokenDecrypted(user))!;
    return [accessToken, refreshToken];
  });
  await note('gmail by a refreshFn that throws', async () => {
    const user = randomUUID();
    const tokens = { accessToken: 'old', refreshToken: 'rt', expiresAt: past, scope: 's' };
    await gmail.upsertGmailTokens({ userId: user, tenantId: 't', ...tokens });
    const fails = () => gmail.getValidGmailToken(user, () => Promise.reject(new Error('mine')));
    return Promise.resolve(fails()).catch((error: object) => ({ ...error }));
  });
  await note('gmail of the default instance', () => hasActiveGmailConnection(id));
  await note('calendar', async () => {
    await calendar.saveCalendarTokens(id, 'at', endpoint.issue().refreshToken, past, null);
    return (await calendar.getCredentialsForUser(id))?.access_token !== 'at';
  });
  await note('calendar’s address', async () => {
    const { origin, pathname, searchParams } = new URL(await calendar.getAuthUrl({ userId: id }));
    for (const name of ['state', 'code_challenge']) searchParams.delete(name);
    return [origin, pathname, searchParams.toString()];
  });
  await note('calendar’s code', () => calendar.exchangeCodeForTokens(id, 'code', { state: 'x' }));
  await note('zoho', async () => {
    const credentials = { clientId: 'client', clientSecret: 'secret' };
    await zoho.storeTokens(id, 'zoho_crm', { refreshToken: endpoint.issue().refreshToken });
    const token = await zoho.getAccessToken(id, 'zoho_crm', credentials);
    return [token.length > 10, await zoho.hasToken(randomUUID(), 'zoho_crm')];
  });
  await note('vault', async () => {
    await vault.storeToken(id, 'google', 'access_token', { value: 'at' });
    const { identifier, expiresAt } = (await vault.getToken(id, 'google', 'access_token'))!;
    const access = await vault.getAccessToken(id, 'google', undefined, 5, {});
    return [identifier, expiresAt, access?.needsRefresh, access?.token.value];
  });
  await note('integration', async () => {
    await integration.storeToken(id, 'google', { accessToken: 'at', expiresAt: later() });
    const { accessToken, scopes } = await integration.getValidToken(id, 'google', {});
    const status = await integration.connectionStatus(id, 'google', {});
    const { refreshToken } = (await integration.getToken(id, 'google'))!;
    return [accessToken, scopes, status.active, refreshToken];
  });
  await note('integration, ahead', () => integration.refreshExpiring({ expiresWithin: 1 }));
  await note('integration’s end', () => integration.revoke(id, 'google', {}));
  await note('elsewhere', () => integration.getValidToken(id, 'nobody', {}).catch(String));
  await note('migrate', () => keep.migrate({ stores: ['gmail'] }));
  await note('seal', () => [
    keep.sealValue('zoho', 'access_token', [id, 'p'], 'v').slice(0, 4),
    sealValue('zoho', 'access_token', [id, 'p'], 'v').slice(0, 4),
  ]);
  const handlers = createGoogleHandlers({ keep });
  for (const [index, request] of requests().entries()) {
    await note(`route ${index}`, async () => {
      const response = await handlers.handle(request);
      const text = (await response?.text())?.replaceAll(id, 'id');
      return [response?.status, [...(response?.headers ?? [])], text];
    });
  }
  await note('link', async () => new URL(await handlers.linkFor(id, {})).pathname);
  await note('asked', () => endpoint.requests.slice(asks).map(({ grantType }) => grantType));
  await note('close', () => keep.close({}));
  await note('fake', async () => {
    const fake = fakeTokenKeep({});
    const token = { accessToken: 'old', refreshToken: 'rt', expiresAt: past };
    await fake.integration.storeToken(id, 'p', token);
    const { refreshToken, scopes } = await fake.integration.getValidToken(id, 'p', {});
    const url = new URL(await fake.calendar.getAuthUrl({ userId: id }));
    return [refreshToken, scopes, url.searchParams.get('scope'), await fake.close({})];
  });
  return outcome;
}

const at = 'https://app.example/auth/google';
const foreign = { 'sec-fetch-site': 'cross-site' };
const bearer = { authorization: 'Bearer http://127.0.0.1:1/polluted' };
/** Made before anything is polluted: Node reads what it is given, too. */
const requests = () => [
  new Request(`${at}/connect`),
  new Request(`${at}/connect?user_id=7f6f4bb2-6f0e-4a53-9d5a-2f1c5f3e8a10`, { headers: bearer }),
  new Request(`${at}/connect?link=x`),
  new Request(`${at}/connect?link=x`, { method: 'POST', headers: foreign }),
  new Request(`${at}/callback?state=x&code=y`),
  new Request(`${at}/callback`),
  new Request(`${at}/disconnect`, { method: 'POST', headers: foreign }),
];

/** What comes of the calls with all of these on `Object.prototype` at once. */
async function polluted(names: readonly string[]): Promise<object> {
  const made = requests();
  for (const name of names) pollute(name);
  try {
    return await outcomes({}, () => made);
  } finally {
    for (const name of names) delete (Object.prototype as Record<string, unknown>)[name];
  }
}

afterEach(() => asked.splice(0));

it('the calls themselves come to something', async () => {
  const clean = await outcomes({}, requests);
  expect(clean).toMatchObject({
    gmail: true,
    'gmail by a refreshFn': ['new', 'rt'],
    'gmail of the default instance': true,
    calendar: true,
    zoho: [true, false],
    vault: [null, null, false, 'at'],
    integration: ['at', [], true, null],
    'integration, ahead': { refreshed: 0, failed: 0, revoked: 0 },
    seal: ['tk1.', 'tk1.'],
    link: '/auth/google/connect',
    close: true,
  });
});

describe('an option on Object.prototype', () => {
  const names = optionalNames();

  it('is looked for by every name that there is', () => {
    expect(names).toEqual(
      expect.arrayContaining([
        'googleTokenUrl',
        'connectSecret',
        'sealing',
        'forceRefresh',
        'tokenUrl',
      ]),
    );
    expect(names.length).toBeGreaterThan(100);
  });

  it('steers nothing, and is not even asked for', async () => {
    const clean = await outcomes({}, requests);
    const outcome = await polluted(names);
    expect(asked).toEqual([]);
    expect(outcome).toEqual(clean);
  });
});

it('a variable on Object.prototype is not one of the process', async () => {
  const names = variableNames();
  expect(names).toEqual(
    expect.arrayContaining(['PGHOST', 'TOKENKEEP_SEALING', 'TOKENKEEP_CONNECT_SECRET']),
  );
  const clean = await outcomes({}, requests);
  expect(await polluted(names)).toEqual(clean);
});

describe('an option counts when it is', () => {
  const store = async (options: TokenKeepOptions) => {
    const keep = createTokenKeep({ ...options });
    const userId = randomUUID();
    const { refreshToken } = endpoint.issue();
    await keep.integration.storeToken(userId, 'google', {
      accessToken: 'old',
      refreshToken,
      expiresAt: later(),
    });
    return { keep, userId };
  };
  class ByGetter {
    get forceRefresh(): boolean {
      return true;
    }
  }
  it.each([
    ['of the object itself', { forceRefresh: true }],
    [
      'of an object without a prototype',
      Object.assign(Object.create(null), { forceRefresh: true }),
    ],
    ['of an object that it was made from', Object.create({ forceRefresh: true })],
    ['a getter of its class', new ByGetter()],
  ])('%s', async (_, options: object) => {
    const { keep, userId } = await store({});
    const { accessToken } = await keep.integration.getValidToken(userId, 'google', options);
    expect(accessToken).not.toBe('old');
    await keep.close();
  });
});
