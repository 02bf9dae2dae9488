/** The rows on integration of docs/differences.md, on both sides. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  createTokenKeep,
  NotConnectedError,
  RefreshTokenMissingError,
  type TokenKeep,
  TokenRevokedError,
} from '../../../dist/index.js';
import { createOldIntegrationService, schema } from '../../../support/old-integration/index.mjs';
import { startTokenEndpoint } from '../../../support/token-endpoint.mjs';
import { emptyDatabase, KEY, type TestDatabase } from '../../helpers/database';
import { failureOf, newGate, printed, until } from '../../helpers/promises';
import { makeTables, migrateOn } from '../../helpers/tables';
import { SCOPES, type StoredRow } from '../applications/integration';

let database: TestDatabase;
let google: Awaited<ReturnType<typeof startTokenEndpoint>>;
let revocation: Awaited<ReturnType<typeof startTokenEndpoint>>;
let old: ReturnType<typeof createOldIntegrationService>;
let keep: TokenKeep;
beforeAll(async () => {
  database = await emptyDatabase();
  await makeTables(database, schema);
  await migrateOn(database, { stores: ['integration'] });
  google = await startTokenEndpoint({ rotate: false });
  revocation = await startTokenEndpoint();
});
afterAll(async () => {
  await google.close();
  await revocation.close();
  await database.drop();
});

interface Tokens {
  accessToken: string;
  refreshToken: string | null;
  scopes?: string[];
}

/** What both sides can do, by one name. */
interface Service {
  side: 'old' | 'tokenkeep';
  get(userId: string, provider?: string): Promise<unknown>;
  store(userId: string, tokens: Tokens, left?: number): Promise<void>;
  token(userId: string, provider?: string): Promise<string>;
  revoke(userId: string): Promise<unknown>;
}

const inSeconds = (left: number) => Date.now() + left * 1_000;
const accessToken = (token: { accessToken: string }) => token.accessToken;

const oldService = (): Service => ({
  side: 'old',
  get: (userId, provider = 'google') => old.get(userId, provider),
  store: (userId, tokens, left = -60) =>
    old.store(userId, 'google', { scopes: SCOPES, ...tokens, expiresAt: inSeconds(left) }),
  token: (userId, provider = 'google') => old.getValidToken(userId, provider).then(accessToken),
  revoke: (userId) => old.revoke(userId, 'google'),
});

function tokenkeep(): Service {
  const { getToken, storeToken, getValidToken, revoke } = keep.integration;
  return {
    side: 'tokenkeep',
    get: (userId, provider = 'google') => getToken(userId, provider),
    store: (userId, tokens, left = -60) => {
      const expiresAt = new Date(inSeconds(left));
      return storeToken(userId, 'google', { scopes: SCOPES, ...tokens, expiresAt });
    },
    token: (userId, provider = 'google') => getValidToken(userId, provider).then(accessToken),
    revoke: (userId) => revoke(userId, 'google'),
  };
}

/** Opens both sides. */
async function beside<Outcome>(what: (before: Service, after: Service) => Promise<Outcome>) {
  old = createOldIntegrationService({ databaseUrl: database.url, tokenUrl: google.url });
  keep = createTokenKeep({
    databaseUrl: database.url,
    tokenkeepKey: KEY,
    providers: {
      google: {
        clientId: 'client',
        clientSecret: 'secret',
        tokenUrl: google.url,
        revocationUrl: revocation.url,
        rotation: 'never',
      },
    },
  });
  try {
    return await what(oldService(), tokenkeep());
  } finally {
    await old.close();
    await keep.close();
  }
}

/** Does the same with the old service and with tokenkeep; gives what came of both. */
const both = <Outcome>(what: (service: Service) => Promise<Outcome>) =>
  beside(async (service, ours) => {
    const before = await what(service);
    google.script([]);
    google.requests.length = 0;
    return [before, await what(ours)] as const;
  });

afterEach(() => {
  google.script([]);
  google.requests.length = 0;
});

let users = 0;
/** A user with tokens that have so many seconds left. */
async function connected(service: Service, left = -60) {
  const userId = `user-${++users}`;
  const issued = google.issue();
  await service.store(userId, issued, left);
  return { userId, ...issued };
}

async function rowOf(userId: string): Promise<StoredRow | undefined> {
  const sql = 'SELECT * FROM integration_tokens WHERE user_id = $1';
  return (await database.client.query(sql, [userId])).rows[0];
}

/** Until a statement waits for a row that somebody else holds. */
const somebodyWaits = () =>
  until(async () => {
    const { rows } = await database.client.query(`
      SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`);
    return rows.length > 0;
  });

describe('refreshing', () => {
  it('begins five minutes before a token runs out, not after', async () => {
    const [before, after] = await both(async (service) => {
      const { userId, accessToken } = await connected(service, 120);
      return (await service.token(userId)) === accessToken;
    });
    expect([before, after]).toEqual([true, false]);
  });

  it('by many callers holds no row and no connection while the provider is asked', async () => {
    const [before, after] = await both(async (service) => {
      const { userId } = await connected(service);
      const { open, opened } = newGate();
      google.script(() => opened);
      const calls = Array.from({ length: 5 }, () => service.token(userId));
      await until(() => google.requests.length > 0);
      const { rows } = await database.client.query(`
        SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'idle in transaction'`);
      open();
      await Promise.all(calls);
      return { held: rows.length > 0, sent: google.requests.length };
    });
    expect(before).toEqual({ held: true, sent: 1 });
    expect(after).toEqual({ held: false, sent: 1 });
  });

  it('that fails gives a token that has over a minute left', async () => {
    const [, after] = await both(async (service) => {
      const { userId, accessToken } = await connected(service, 120);
      google.script(() => ({ status: 400, body: { error: 'invalid_request' } }));
      return (await service.token(userId)) === accessToken;
    });
    expect(after).toBe(true);
  });

  it('of a dead grant is tried once, and the row says since when', async () => {
    const [before, after] = await both(async (service) => {
      const { userId, refreshToken } = await connected(service);
      google.revoke(refreshToken);
      const errors = [
        await failureOf(service.token(userId)),
        await failureOf(service.token(userId)),
      ];
      return { error: errors[1]!, sent: google.requests.length, row: await rowOf(userId) };
    });
    expect(before).toMatchObject({ sent: 2, row: { invalid_since: null } });
    expect(before.error.message).toContain('{"error":"invalid_grant"');
    expect(after).toMatchObject({ sent: 1, row: { invalid_since: expect.any(Date) } });
    expect(after.error).toBeInstanceOf(TokenRevokedError);
  });

  it('never keeps a user who connects anew waiting', async () => {
    const [before, after] = await both(async (service) => {
      const { userId } = await connected(service);
      const { open, opened } = newGate();
      google.script(() => opened);
      const refreshed = service.token(userId);
      await until(() => google.requests.length > 0);
      const issued = google.issue();
      let isStored = false;
      const stored = service.store(userId, issued, 3_600).then(() => (isStored = true));
      await (service.side === 'old' ? somebodyWaits() : stored);
      const waited = !isStored;
      open();
      await stored;
      return { waited, isNew: (await refreshed) === issued.accessToken };
    });
    expect(before).toEqual({ waited: true, isNew: false });
    expect(after).toEqual({ waited: false, isNew: true });
  });

  it('takes an account’s own provider, not Google whatever it is called', async () => {
    const [before, after] = await both(async (service) => {
      const { userId } = await connected(service);
      await database.client.query(
        `UPDATE integration_tokens SET provider = 'acme', access_token = 'plain',
           refresh_token = $2 WHERE user_id = $1`,
        [userId, google.issue().refreshToken],
      );
      return service.token(userId, 'acme').catch((error: Error & { option: string }) => error);
    });
    expect(before).toMatch(/^access-/);
    expect(after).toMatchObject({ code: 'ERR_TOKENKEEP_CONFIGURATION', option: 'providers' });
  });

  it('keeps the scopes that an answer names, as before, and those that answers do not name', async () => {
    const [before, after] = await both(async (service) => {
      const userId = `user-${++users}`;
      await service.store(userId, { ...google.issue(), scopes: ['email', ...SCOPES] });
      await service.token(userId);
      return (await rowOf(userId))!.scopes;
    });
    expect(before).toEqual(SCOPES);
    expect(after).toEqual(['email', ...SCOPES]);
  });
});

describe('what is stored', () => {
  it('is sealed', async () => {
    const [before, after] = await both(async (service) => {
      const { userId, accessToken, refreshToken } = await connected(service);
      const dump = JSON.stringify(await rowOf(userId));
      return [accessToken, refreshToken].filter((token) => dump.includes(token)).length;
    });
    expect([before, after]).toEqual([2, 0]);
  });

  it('of a refresh token stays when there is no new one', async () => {
    const [before, after] = await both(async (service) => {
      const { userId, refreshToken } = await connected(service);
      await service.store(userId, { accessToken: 'new', refreshToken: null });
      const { refreshToken: kept } = (await service.get(userId)) as Tokens;
      return kept === refreshToken;
    });
    expect([before, after]).toEqual([false, true]);
  });

  it('is given with a date', async () => {
    const [before, after] = await both(async (service) => {
      const { userId } = await connected(service);
      return (await service.get(userId)) as { expiresAt: unknown };
    });
    expect(before.expiresAt).toBeTypeOf('number');
    expect(after.expiresAt).toBeInstanceOf(Date);
  });
});

describe('disconnecting', () => {
  it('also revokes at the provider', async () => {
    const [before, after] = await both(async (service) => {
      revocation.requests.length = 0;
      const { userId, refreshToken } = await connected(service);
      await service.revoke(userId);
      expect(await rowOf(userId)).toBeUndefined();
      return revocation.requests.map(({ form }) => form['token'] === refreshToken);
    });
    expect([before, after]).toEqual([[], [true]]);
  });
});

describe('errors', () => {
  it('of a missing row have a class', async () => {
    const [before, after] = await both((service) => failureOf(service.token('nobody')));
    expect(before.message).toBe('No Google OAuth token found');
    expect(after).toBeInstanceOf(NotConnectedError);
  });

  it('of a missing refresh token have a class', async () => {
    const [before, after] = await both(async (service) => {
      const userId = `user-${++users}`;
      await service.store(userId, { accessToken: 'access', refreshToken: null });
      return failureOf(service.token(userId));
    });
    expect(before.message).toContain('no refresh token');
    expect(after).toBeInstanceOf(RefreshTokenMissingError);
  });

  it('repeat neither a token nor an answer', async () => {
    const [before, after] = await both(async (service) => {
      const { userId, refreshToken } = await connected(service);
      google.script(() => ({ status: 400, body: { error: 'no', given: refreshToken } }));
      return printed(await failureOf(service.token(userId))).includes(refreshToken);
    });
    expect([before, after]).toEqual([true, false]);
  });

  it('of bad arguments come before anything is sent', async () => {
    const [before, after] = await both((service) =>
      service
        .store('x'.repeat(1_025), { accessToken: '', refreshToken: null })
        .catch((error: unknown) => error),
    );
    expect(before).toBeUndefined();
    expect(after).toMatchObject({ name: 'InvalidArgumentError', argument: 'userId' });
  });
});

describe('a row that the other side refreshes', () => {
  it('is waited for, and its token taken, where the old service holds it', () =>
    beside(async (before, after) => {
      const { userId } = await connected(before);
      const { open, opened } = newGate();
      google.script(() => opened);
      const there = before.token(userId);
      await until(() => google.requests.length > 0);
      const here = after.token(userId);
      await somebodyWaits();
      open();
      expect(await here).toBe(await there);
      expect(google.requests).toHaveLength(1);
    }));

  it('is refreshed a second time where tokenkeep holds it', () =>
    beside(async (before, after) => {
      const { userId } = await connected(before);
      const { open, opened } = newGate();
      google.script((_, index) => (index === 0 ? opened : undefined));
      const here = after.token(userId);
      await until(() => google.requests.length > 0);
      const there = await before.token(userId);
      open();
      expect(google.requests).toHaveLength(2);
      for (const token of [await here, there]) expect(token).toMatch(/^access-/);
    }));
});
