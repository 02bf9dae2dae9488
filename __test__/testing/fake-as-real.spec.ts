/** What the fake does is what the real instance does, on a database and with a provider. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import {
  ProviderThrottledError,
  type TokenKeep,
  type TokenkeepEvent,
  createTokenKeep,
} from '../../dist/index.js';
import {
  type FakeTokenKeep,
  type TestDatabase,
  type TokenEndpoint,
  type TokenEndpointStep,
  expireToken,
  fakeTokenKeep,
  startTestDatabase,
  startTokenEndpoint,
} from '../../dist/testing/index.js';
import { optionsFor } from './instance';
import { STORED, type StoreCase, storeCases } from './stores';

let database: TestDatabase;
let endpoint: TokenEndpoint;
let real: TokenKeep;
/** The events of the real instance in one test. */
const told: TokenkeepEvent[] = [];

beforeAll(async () => {
  database = await startTestDatabase({ server: inject('databaseUrl') });
  endpoint = await startTokenEndpoint();
  real = createTokenKeep({
    ...optionsFor(database.url, endpoint),
    onEvent: (event) => void told.push(event),
  });
});
beforeEach(() => void (told.length = 0));
afterAll(async () => {
  await real?.close();
  await endpoint?.stop();
  await database?.stop();
});

const nameOf = (error: Error & { argument?: string }) => `${error.name} ${error.argument}`;

const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000);

/** What the provider says to one refresh, in the words of the endpoint and of the fake. */
interface Answer {
  step: TokenEndpointStep;
  thrown?: () => Error;
}
const DEAD: Answer = { step: { error: 'invalid_grant' }, thrown: () => new Error('invalid_grant') };
const THROTTLED: Answer = {
  step: { retryAfter: 1 },
  thrown: () => new ProviderThrottledError(),
};

/** An instance of either kind, and what is scripted. */
interface Subject {
  keep: TokenKeep;
  target: string | FakeTokenKeep;
  script(answers: Answer[]): void;
  events: TokenkeepEvent[];
}

function realSubject(): Subject {
  const script = (answers: Answer[]) => endpoint.script(answers.map(({ step }) => step));
  return { keep: real, target: database.url, script, events: told };
}

function fakeSubject(): Subject {
  let answers: Answer[] = [];
  let count = 0;
  const events: TokenkeepEvent[] = [];
  const keep = fakeTokenKeep({
    onEvent: (event) => void events.push(event),
    refresh: ({ refreshToken }) => {
      const { thrown } = answers.shift() ?? {};
      if (thrown) throw thrown();
      return { accessToken: `access-${++count}`, refreshToken: `${refreshToken}+` };
    },
  });
  return { keep, target: keep, script: (next) => (answers = [...next]), events };
}

type Scenario = (subject: Subject, of: StoreCase, call: () => Promise<string>) => Promise<string[]>;

const SCENARIOS: Record<string, Scenario> = {
  'nothing is stored': async (_subject, _of, call) => [await call()],
  'a fresh token': async ({ keep }, { store }, call) => {
    await store(keep, inMinutes(60), endpoint.issue());
    return [await call()];
  },
  'a token that expires twice': async ({ keep, target }, { store, key }, call) => {
    await store(keep, inMinutes(60), endpoint.issue());
    const outcomes: string[] = [];
    for (let times = 0; times < 2; times++) {
      await expireToken(target, key);
      outcomes.push(await call(), await call());
    }
    return outcomes;
  },
  'a grant that is dead, until the user connects again': async (subject, { store }, call) => {
    subject.script([DEAD]);
    await store(subject.keep, inMinutes(-1), endpoint.issue());
    const outcomes = [await call(), await call()];
    await store(subject.keep, inMinutes(60), endpoint.issue());
    return [...outcomes, await call()];
  },
  'a provider that throttles, while the token is usable': async (subject, { store }, call) => {
    subject.script([THROTTLED]);
    await store(subject.keep, inMinutes(3), endpoint.issue());
    return [await call()];
  },
  'a provider that throttles, and the token is spent': async (subject, { store }, call) => {
    subject.script([THROTTLED]);
    await store(subject.keep, inMinutes(0.5), endpoint.issue());
    return [await call()];
  },
  'no refresh token, while the token is usable': async ({ keep }, { store }, call) => {
    await store(keep, inMinutes(3), { ...endpoint.issue(), refreshToken: '' });
    return [await call()];
  },
  'no refresh token, and the token is spent': async ({ keep }, { store }, call) => {
    await store(keep, inMinutes(-1), { ...endpoint.issue(), refreshToken: '' });
    return [await call()];
  },
};

/** The outcomes in words that are the same for both: which token in turn, or the error's name. */
function outcomesOf(play: Scenario, subject: Subject, of: StoreCase): Promise<string[]> {
  const seen: (string | undefined)[] = [];
  return play(subject, of, async () => {
    try {
      const token = await of.valid(subject.keep);
      if (!seen.includes(token)) seen.push(token);
      return token === undefined ? 'nothing' : `token ${seen.indexOf(token)}`;
    } catch (error) {
      return (error as Error).name;
    }
  });
}

/** The events in words that are the same for both. */
const eventsIn = ({ events }: Subject, user: string) =>
  events.map(({ key, durationMs, ...event }) => ({
    ...event,
    key: key.replace(user, 'USER'),
    durationMs: durationMs === undefined ? undefined : Number.isInteger(durationMs),
  }));

describe.each(storeCases(randomUUID()).map(({ name }, index) => ({ name, index })))(
  '$name',
  ({ index }) => {
    it.each(Object.entries(SCENARIOS))('%s', async (_, play) => {
      endpoint.script([]);
      const played = async (subject: Subject) => {
        const user = randomUUID();
        const outcomes = await outcomesOf(play, subject, storeCases(user)[index]!);
        return { outcomes, events: eventsIn(subject, user) };
      };
      const wanted = await played(realSubject());
      expect(await played(fakeSubject())).toEqual(wanted);
    });
  },
);

describe('call by call', () => {
  const soon = inMinutes(60);

  it.each<[string, (keep: TokenKeep, tenant: string) => Promise<unknown>]>([
    [
      'an access token alone, that is fresh',
      async ({ vault }, tenant) => {
        await vault.storeToken(tenant, 'google', 'access_token', { value: 'a', expiresAt: soon });
        return vault.getAccessToken(tenant, 'google', undefined, 5, { refresh: true });
      },
    ],
    [
      'an access token that never expires',
      async ({ vault }, tenant) => {
        await vault.storeToken(tenant, 'icount', 'access_token', { value: 'a' });
        return [
          await vault.getAccessToken(tenant, 'icount'),
          await vault.findExpiringTokens(1_000, 'icount'),
        ];
      },
    ],
    [
      'a refresh token that its user has marked as invalid',
      async ({ vault }, tenant) => {
        const id = await vault.storeToken(tenant, 'google', 'refresh_token', { value: 'r' });
        await vault.markTokenInvalid(id, 'gone');
        return [
          await vault.getAccessToken(tenant, 'google', undefined, 5, { refresh: true }),
          await vault.getRefreshToken(tenant, 'google'),
        ];
      },
    ],
    [
      'an access token that has expired, and is only read',
      async ({ vault }, tenant) => {
        const data = { value: 'a', expiresAt: inMinutes(-1), identifier: 'me' };
        await vault.storeToken(tenant, 'whatsapp', 'access_token', data);
        return [
          await vault.getAccessToken(tenant, 'whatsapp', 'me'),
          (await vault.getToken(tenant, 'whatsapp', 'access_token', 'me'))?.isValid,
          (await vault.findExpiringTokens(5, 'whatsapp')).length,
        ];
      },
    ],
    [
      'an access token that is stored again without a date, then deleted',
      async ({ vault }, tenant) => {
        const data = { value: 'a', expiresAt: soon };
        const id = await vault.storeToken(tenant, 'google', 'access_token', data);
        await vault.storeToken(tenant, 'google', 'access_token', { value: 'b' });
        const stored = await vault.getToken(tenant, 'google', 'access_token');
        await vault.deleteToken(id);
        return [stored, await vault.getToken(tenant, 'google', 'access_token')];
      },
    ],
    [
      'a user of gmail who moves to another tenant, and back out',
      async ({ gmail }, userId) => {
        const row = { userId, ...STORED, expiresAt: soon, scope: '' };
        await gmail.upsertGmailTokens({ ...row, tenantId: 'one' });
        const moved = await gmail.upsertGmailTokens({ ...row, tenantId: 'two' }).catch(nameOf);
        const found = [
          await gmail.getGmailTokenDecrypted(userId),
          await gmail.hasActiveGmailConnection(userId),
        ];
        await gmail.deleteGmailTokens(userId);
        return [moved, found, await gmail.hasActiveGmailConnection(userId)];
      },
    ],
    [
      'calendar tokens without a date and scopes',
      async ({ calendar }, userId) => {
        await calendar.saveCalendarTokens(userId, 'a', '', null, null);
        return [
          await calendar.getCalendarTokens(userId),
          await calendar.getCredentialsForUser(userId.toUpperCase()),
        ];
      },
    ],
    [
      'an integration that is stored again without a refresh token, and then revoked',
      async ({ integration }, userId) => {
        const token = { expiresAt: soon, scopes: ['read'] };
        await integration.storeToken(userId, 'github', { ...token, ...STORED });
        await integration.storeToken(userId, 'github', { ...token, accessToken: 'b' });
        return [
          await integration.getToken(userId, 'github'),
          await integration.connectionStatus(userId, 'github', { scopes: ['read', 'write'] }),
          await integration.getValidToken(userId, 'github', { scopes: ['write'] }).catch(nameOf),
          await integration.revoke(userId, 'github'),
          await integration.revoke(userId, 'github'),
          await integration.getToken(userId, 'github'),
          (await integration.connectionStatus(userId, 'github')).active,
        ];
      },
    ],
    [
      'an integration that is refreshed by a function, by force, and within five seconds again',
      async ({ integration }, userId) => {
        const metadata = { team: 'T1' };
        await integration.storeToken(userId, 'github', { ...STORED, expiresAt: soon, metadata });
        let calls = 0;
        const refreshFn = async () => ({
          accessToken: `refreshed ${++calls}`,
          expiryDate: Number(soon),
        });
        const options = { forceRefresh: true, refreshFn };
        return [
          (await integration.getValidToken(userId, 'github', options)).accessToken,
          (await integration.getValidToken(userId, 'github', options)).accessToken,
          await integration.getToken(userId, 'github'),
        ];
      },
    ],
    [
      'scopes that an empty text was split into',
      async ({ calendar, integration }, userId) => {
        const [none, token] = [''.split(' '), { ...STORED, expiresAt: soon }];
        await calendar.saveCalendarTokens(userId, 'a', '', null, none);
        await integration.storeToken(userId, 'github', { ...token, scopes: none });
        const stored = await integration.getValidToken(userId, 'github', { scopes: none });
        await integration.storeToken(userId, 'github', { ...token, scopes: ['read'] });
        const expiryDate = Number(soon);
        const refreshFn = async () => ({ accessToken: 'b', expiryDate, scopes: none });
        return [
          await calendar.getCalendarTokens(userId),
          stored,
          await integration.getValidToken(userId, 'github', { forceRefresh: true, refreshFn }),
        ];
      },
    ],
    [
      'zoho without credentials, fresh, spent, and of a client without tokens',
      async ({ zoho }, id) => {
        const get = async (client: string, given: unknown) =>
          zoho.getAccessToken(client, 'zoho_crm', given as never).catch(nameOf);
        await zoho.storeTokens(id, 'zoho_crm', { ...STORED, expiresIn: 3_600 });
        const fresh = await get(id, undefined);
        await zoho.storeTokens(id, 'zoho_crm', { ...STORED, expiresIn: 200 });
        return [
          fresh,
          await get(id, null),
          await get(id, { clientId: 'a' }),
          await get(id, { clientId: '', clientSecret: 's' }),
          await get('nobody', {}),
        ];
      },
    ],
    [
      'what is malformed',
      async ({ calendar, gmail, integration, vault, zoho }, userId) =>
        Promise.all(
          [
            gmail.getGmailTokenDecrypted(''),
            calendar.getCalendarTokens('no uuid'),
            vault.getToken('no uuid', 'google', 'api_key'),
            vault.getAccessToken(userId, ''),
            vault.deleteToken('no uuid'),
            integration.getToken('a\0b', 'google'),
            integration.getValidToken(userId, 'google', { minTtlMs: -1 }),
            integration.storeToken(userId, 'google', { accessToken: '', expiresAt: soon }),
            integration.storeToken(userId, 'google', { ...STORED, expiresAt: new Date(NaN) }),
            integration.refreshExpiring({ expiresWithin: 0 }),
            zoho.hasToken('', 'zoho_crm'),
            zoho.storeTokens('a', 'b', { refreshToken: 'r', metadata: [] as never }),
          ].map((call: Promise<unknown>) => call.catch(nameOf)),
        ),
    ],
  ])('%s', async (_, play) => {
    // Ids and moments differ; whether there is one must not.
    const inWords = (outcome: unknown) =>
      JSON.parse(
        JSON.stringify(outcome, (name, value: unknown) =>
          ['id', 'userId', 'tenantId', 'lastUsedAt', 'connectedAt'].includes(name)
            ? value !== null
            : value,
        ),
      ) as unknown;
    const named = (keep: TokenKeep) => play(keep, randomUUID()).then(inWords, nameOf);
    const wanted = await named(real);
    expect(await named(fakeTokenKeep())).toEqual(wanted);
  });
});
