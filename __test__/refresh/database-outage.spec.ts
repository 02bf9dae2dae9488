/** A database that is away at the worst moment: when the only copy of a refresh token arrives. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  close,
  createTokenKeep,
  getValidGmailToken,
  hasActiveGmailConnection,
  type TokenKeep,
  type TokenkeepEvent,
} from '../../dist/index.js';
import { startPostgresProxy } from '../../support/postgres-proxy.mjs';
import { startPostgres } from '../../support/postgres.mjs';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { KEY, type TestDatabase } from '../helpers/database';
import { insertRow, rowOf, tokensOf } from '../helpers/rows';
import { until } from '../helpers/promises';
import type { Endpoint } from '../helpers/scene';

let server: Awaited<ReturnType<typeof startPostgres>>;
let endpoint: Endpoint;
let keep: TokenKeep;

beforeAll(async () => {
  server = await startPostgres();
  const migrating = createTokenKeep({ databaseUrl: server.url });
  await migrating.migrate({ stores: ['gmail'] });
  await migrating.close();
});
afterAll(() => server.stop());
beforeEach(async () => {
  endpoint = (await startTokenEndpoint()) as Endpoint;
  keep = open();
});
afterEach(async () => {
  await keep.close({ timeoutMs: 0 });
  await endpoint.close();
});

const open = (options = {}) =>
  createTokenKeep({
    databaseUrl: server.url,
    gmailEncryptionKey: KEY,
    googleClientId: 'client',
    googleClientSecret: 'secret',
    googleTokenUrl: endpoint.url,
    ...options,
  });

/** A look at the database over a connection of its own: the last one died with the server. */
async function look<T>(work: (database: TestDatabase) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: server.url });
  client.on('error', () => {});
  await client.connect();
  try {
    return await work({ client } as TestDatabase);
  } finally {
    await client.end();
  }
}

const connectUser = () => {
  const issued = endpoint.issue();
  return look(async (database) => ({ id: await insertRow(database, issued), ...issued }));
};

describe('a database that is away when the answer of a rotating provider arrives', () => {
  it('costs nobody anything: the caller has its token, the row gets it later', async () => {
    const user = await connectUser();
    endpoint.script(async () => {
      await server.crash();
      return undefined;
    });
    const token = await keep.gmail.getValidGmailToken(user.id);
    expect(token.accessToken).not.toBe(user.accessToken);
    expect(endpoint.isAlive(token.refreshToken)).toBe(true);
    await server.restart();
    await until(
      async () => (await look((db) => tokensOf(db, user.id)))!.refreshToken !== user.refreshToken,
    );
    expect(await look((db) => tokensOf(db, user.id))).toEqual({
      accessToken: token.accessToken,
      refreshToken: token.refreshToken,
    });
    expect((await look((db) => rowOf(db, user.id)))!.refreshing_at).toBeNull();
    expect(endpoint.requests).toHaveLength(1);
  });

  it('is waited for by close()', async () => {
    const user = await connectUser();
    endpoint.script(async () => {
      await server.crash();
      return undefined;
    });
    const token = await keep.gmail.getValidGmailToken(user.id);
    const closing = keep.close();
    await server.restart();
    expect(await closing).toBe(true);
    expect(await look((db) => tokensOf(db, user.id))).toMatchObject({
      refreshToken: token.refreshToken,
    });
  });

  it('is reported as an event', async () => {
    const types: string[] = [];
    await keep.close();
    keep = open({ onEvent: ({ type }: { type: string }) => types.push(type) });
    const user = await connectUser();
    endpoint.script(async () => {
      await server.crash();
      return undefined;
    });
    await keep.gmail.getValidGmailToken(user.id);
    await until(() => types.includes('commit.retry'));
    await server.restart();
    await until(() => types.includes('refresh.end'));
  });
});

describe('a database that was away', () => {
  it('is used again by the next call, and an error in between may be tried again', async () => {
    const user = await connectUser();
    await keep.gmail.hasActiveGmailConnection(user.id);
    await server.crash();
    await expect(keep.gmail.getGmailTokenDecrypted(user.id)).rejects.toMatchObject({
      name: 'DatabaseError',
      retryable: true,
    });
    await server.restart();
    expect(await keep.gmail.getGmailTokenDecrypted(user.id)).toMatchObject({
      accessToken: user.accessToken,
    });
  });

  it('and whose restart cut all connections of the pool costs at most one failed call', async () => {
    const user = await connectUser();
    await Promise.all(
      Array.from({ length: 50 }, () => keep.gmail.hasActiveGmailConnection(user.id)),
    );
    await server.restart();
    const call = () => keep.gmail.hasActiveGmailConnection(user.id);
    await call().catch((error) => expect(error.retryable).toBe(true));
    expect(await call()).toBe(true);
  });
});

describe('a database that lets nobody in for longer than a try to store waits', () => {
  it('is reached all the same: what one try has begun the next one finds', async () => {
    const user = await connectUser();
    const proxy = await startPostgresProxy(server.url);
    const distant = open({ databaseUrl: proxy.url, limitsDivisor: 10 });
    endpoint.script(() => {
      proxy.cutAll();
      proxy.connectDelayMs = 600;
      return undefined;
    });
    try {
      const token = await distant.gmail.getValidGmailToken(user.id);
      await until(
        async () => (await look((db) => tokensOf(db, user.id)))!.refreshToken !== user.refreshToken,
      );
      expect((await look((db) => tokensOf(db, user.id)))!.refreshToken).toBe(token.refreshToken);
    } finally {
      await distant.close({ timeoutMs: 0 });
      await proxy.close();
    }
  });
});

describe('a login that is taken away while a provider is asked', () => {
  /** Two roles; the application goes from the first to the second. */
  const roles = async (name: string) => {
    const urls = [`${name}_one`, `${name}_two`].map((role) => {
      const url = new URL(server.url);
      [url.username, url.password] = [role, role];
      return { role, url: url.href };
    });
    await look(async ({ client }) => {
      for (const { role } of urls) {
        await client.query(`CREATE ROLE ${role} LOGIN BYPASSRLS PASSWORD '${role}';
          GRANT SELECT, INSERT, UPDATE, DELETE ON gmail_tokens TO ${role}`);
      }
    });
    return urls as [(typeof urls)[0], (typeof urls)[0]];
  };
  const disable = (role: string) =>
    look(async ({ client }) => {
      await client.query(`ALTER ROLE ${role} NOLOGIN`);
      await client.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1',
        [role],
      );
    });
  const stored = (id: string) => look((db) => tokensOf(db, id));
  const events: string[] = [];
  const note = (event: unknown) => void events.push((event as TokenkeepEvent).type);
  const retries = () => events.filter((type) => type === 'commit.retry');
  beforeEach(() => {
    vi.stubEnv('GMAIL_ENCRYPTION_KEY', KEY);
    vi.stubEnv('GOOGLE_CLIENT_ID', 'client');
    vi.stubEnv('GOOGLE_CLIENT_SECRET', 'secret');
    vi.stubEnv('TOKENKEEP_GOOGLE_TOKEN_URL', endpoint.url);
    events.length = 0;
    subscribe('tokenkeep', note);
  });
  afterEach(() => {
    unsubscribe('tokenkeep', note);
    vi.unstubAllEnvs();
  });

  it('costs no token: it is stored with the login that the environment has now', async () => {
    const [one, two] = await roles('env');
    vi.stubEnv('DATABASE_URL', one.url);
    const user = await connectUser();
    endpoint.script(async () => {
      await disable(one.role);
      vi.stubEnv('DATABASE_URL', two.url);
      return undefined;
    });
    const token = await getValidGmailToken(user.id);
    // Nobody calls again: what is still to be stored follows by itself.
    expect(await close()).toBe(true);
    expect(await stored(user.id)).toMatchObject({ refreshToken: token.refreshToken });
    expect(endpoint.requests).toHaveLength(1);
  });

  it('nor where another call has already gone on with the new login', async () => {
    const [one, two] = await roles('called');
    vi.stubEnv('DATABASE_URL', one.url);
    const user = await connectUser();
    endpoint.script(async () => {
      await disable(one.role);
      vi.stubEnv('DATABASE_URL', two.url);
      await hasActiveGmailConnection(user.id);
      return undefined;
    });
    const token = await getValidGmailToken(user.id);
    expect(await close()).toBe(true);
    expect(await stored(user.id)).toMatchObject({ refreshToken: token.refreshToken });
  });

  it('nor where the new login is not let in, and the old one comes back', async () => {
    const [one] = await roles('back');
    vi.stubEnv('DATABASE_URL', one.url);
    const user = await connectUser();
    endpoint.script(async () => {
      await disable(one.role);
      vi.stubEnv('DATABASE_URL', one.url.replaceAll('back_one', 'nobody'));
      return undefined;
    });
    const token = await getValidGmailToken(user.id);
    await until(() => retries().length > 2);
    await look(({ client }) => client.query(`ALTER ROLE ${one.role} LOGIN`));
    expect(await close()).toBe(true);
    expect(await stored(user.id)).toMatchObject({ refreshToken: token.refreshToken });
  });

  it('and never looks for the row in another database', async () => {
    const [one] = await roles('elsewhere');
    const other = new URL(server.url);
    other.pathname = '/elsewhere';
    await look(({ client }) => client.query('CREATE DATABASE elsewhere'));
    const migrating = createTokenKeep({ databaseUrl: other.href });
    await migrating.migrate({ stores: ['gmail'] });
    await migrating.close();
    vi.stubEnv('DATABASE_URL', one.url);
    const user = await connectUser();
    endpoint.script(async () => {
      await disable(one.role);
      vi.stubEnv('DATABASE_URL', other.href);
      return undefined;
    });
    const token = await getValidGmailToken(user.id);
    await until(() => retries().length > 2);
    await look(({ client }) => client.query(`ALTER ROLE ${one.role} LOGIN`));
    expect(await close()).toBe(true);
    expect(events).not.toContain('row.dropped');
    expect(await stored(user.id)).toMatchObject({ refreshToken: token.refreshToken });
  });

  it('costs no token where databasePassword gives the new password', async () => {
    const [one] = await roles('rotated');
    let password = one.role;
    const following = open({ databaseUrl: one.url, databasePassword: async () => password });
    const user = await connectUser();
    endpoint.script(async () => {
      await look(({ client }) => client.query(`ALTER ROLE ${one.role} PASSWORD 'rotated'`));
      await disable(one.role);
      await look(({ client }) => client.query(`ALTER ROLE ${one.role} LOGIN`));
      password = 'rotated';
      return undefined;
    });
    const token = await following.gmail.getValidGmailToken(user.id);
    expect(await following.close()).toBe(true);
    expect(await stored(user.id)).toMatchObject({ refreshToken: token.refreshToken });
  });
});
