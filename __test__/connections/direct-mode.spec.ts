/**
 * On a connection to a server process of its own, statements are prepared and a write needs no transaction.
 * Elsewhere both would reach another session.
 */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTokenKeep, type TokenKeep, type TokenKeepOptions } from '../../dist/index.js';
import { startPostgresProxy } from '../../support/postgres-proxy.mjs';
import { emptyDatabase, type TestDatabase } from '../helpers/database';
import { until } from '../helpers/promises';
import { migrateOn } from '../helpers/tables';

type Proxy = Awaited<ReturnType<typeof startPostgresProxy>>;

const KEY = '00'.repeat(32);
const params = {
  userId: 'user',
  tenantId: 'tenant',
  accessToken: 'access',
  refreshToken: 'refresh',
  expiresAt: new Date('2031-01-01'),
  scope: '',
};

let database: TestDatabase;
let proxy: Proxy;
let keep: TokenKeep | undefined;
beforeAll(async () => {
  database = await emptyDatabase();
  proxy = await startPostgresProxy(database.url);
});
beforeEach(() => migrateOn(database, { stores: ['gmail'] }));
afterEach(async () => {
  proxy.rule = undefined;
  await keep?.close();
  keep = undefined;
  await database.client.query('DROP TABLE gmail_tokens');
});
afterAll(async () => {
  await proxy.close();
  await database.drop();
});

function open(options: TokenKeepOptions = {}, query = ''): TokenKeep['gmail'] {
  const databaseUrl = `${proxy.url}${query}`;
  // One connection, so that each statement meets what the one before has left.
  keep = createTokenKeep({ databaseUrl, gmailEncryptionKey: KEY, maxConnections: 1, ...options });
  return keep.gmail;
}

/** What a call sends, once everything is prepared. */
async function sent(call: () => Promise<unknown>): Promise<{ step: string; prepared: boolean }[]> {
  await call();
  proxy.statements.length = 0;
  await call();
  return (
    proxy.statements
      // Beside the row, tokenkeep notes in the background which client stored it. Reads and shared writes change
      // the timeouts without waiting for it.
      .filter(({ sql }) => sql !== '' && !/ tokenkeep\.|to_regclass|^SET /.test(sql))
      .map(({ step, prepared }) => ({ step, prepared }))
  );
}

describe('on a direct connection', () => {
  it('a read and a write are one prepared statement each', async () => {
    const gmail = open();
    await gmail.upsertGmailTokens(params);
    expect(await sent(() => gmail.getValidGmailToken('user'))).toEqual([
      { step: 'read', prepared: true },
    ]);
    expect(await sent(() => gmail.upsertGmailTokens(params))).toEqual([
      { step: 'upsert', prepared: true },
    ]);
  });

  it('a write has its timeouts without a transaction', async () => {
    const gmail = open({ lockTimeoutMs: 100 });
    await gmail.upsertGmailTokens(params);
    await database.client.query('BEGIN; SELECT FROM gmail_tokens FOR UPDATE');
    const refused = gmail.upsertGmailTokens(params);
    await expect(refused).rejects.toMatchObject({ code: 'ERR_TOKENKEEP_ROW_LOCKED' });
    await database.client.query('ROLLBACK');
  });

  it('two instances with other timeouts share the pool, and each has its own', async () => {
    const one = open({ lockTimeoutMs: 100 });
    const other = createTokenKeep({
      databaseUrl: proxy.url,
      gmailEncryptionKey: KEY,
      maxConnections: 1,
      lockTimeoutMs: 2_000,
    });
    await one.upsertGmailTokens(params);
    await other.gmail.upsertGmailTokens(params);
    await database.client.query('BEGIN; SELECT FROM gmail_tokens FOR UPDATE');
    const refused = one.upsertGmailTokens(params);
    await expect(refused).rejects.toMatchObject({ code: 'ERR_TOKENKEEP_ROW_LOCKED' });
    const waits = other.gmail.upsertGmailTokens(params);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await database.client.query('ROLLBACK');
    await waits;
    await other.close();
  });

  it('a migration may change the type of a column that a prepared statement returns', async () => {
    const gmail = open();
    await gmail.upsertGmailTokens(params);
    await gmail.getValidGmailToken('user');
    await database.client.query('ALTER TABLE gmail_tokens ALTER scope TYPE varchar(500)');
    expect(await gmail.getValidGmailToken('user')).toMatchObject({ accessToken: 'access' });
    await database.client.query('ALTER TABLE gmail_tokens ALTER id TYPE varchar(500)');
    await gmail.upsertGmailTokens({ ...params, accessToken: 'second' });
    expect(await gmail.getValidGmailToken('user')).toMatchObject({ accessToken: 'second' });
    expect(await sent(() => gmail.getValidGmailToken('user'))).toEqual([
      { step: 'read', prepared: true },
    ]);
  });
});

describe('writes of many callers share connections', () => {
  const users = Array.from({ length: 60 }, (_, index) => `user-${index}`);
  const storeAll = (gmail: TokenKeep['gmail']) =>
    users.map((userId) => gmail.upsertGmailTokens({ ...params, userId }));

  it('and one that violates a constraint fails alone', async () => {
    await database.client.query(`ALTER TABLE gmail_tokens ADD CHECK (user_id <> 'user-30')`);
    const gmail = open({ maxConnections: 6 });
    const outcomes = await Promise.allSettled(storeAll(gmail));
    const failed = outcomes.flatMap((outcome, index) =>
      outcome.status === 'rejected' ? [[index, outcome.reason.code]] : [],
    );
    expect(failed).toEqual([[30, 'ERR_TOKENKEEP_DATABASE']]);
    const { rows } = await database.client.query('SELECT count(*)::int FROM gmail_tokens');
    expect(rows).toEqual([{ count: 59 }]);
  });

  it('and a locked row delays nobody else', async () => {
    const gmail = open({ maxConnections: 6 });
    await Promise.all(storeAll(gmail));
    await database.client.query(
      `BEGIN; SELECT FROM gmail_tokens WHERE user_id = 'user-5' FOR UPDATE`,
    );
    const storing = storeAll(gmail);
    const isDone = storing.map(() => false);
    storing.forEach((stored, index) => void stored.then(() => (isDone[index] = true)));
    await until(() => isDone.filter(Boolean).length === 59);
    expect(isDone[5]).toBe(false);
    await database.client.query('COMMIT');
    await Promise.all(storing);
  });

  it('and a connection that is lost fails those that were on it, and nobody later', async () => {
    const gmail = open({ maxConnections: 6 });
    await Promise.all(storeAll(gmail));
    let isCut = false;
    proxy.rule = (unit) => {
      if (isCut || unit.step !== 'upsert') return undefined;
      isCut = true;
      return { do: 'cut-before' };
    };
    const outcomes = await Promise.allSettled(storeAll(gmail));
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(failed.length).toBeGreaterThan(0);
    for (const { reason } of failed) {
      expect(reason).toMatchObject({ code: 'ERR_TOKENKEEP_DATABASE', retryable: true });
    }
    await Promise.all(storeAll(gmail));
  });
});

describe('a session that has lost what was prepared', () => {
  it.each(['read', 'upsert'])(
    'costs no %s an error, and ends the mode for the pool',
    async (step) => {
      const gmail = open();
      const call = () =>
        step === 'read' ? gmail.getValidGmailToken('user') : gmail.upsertGmailTokens(params);
      await gmail.upsertGmailTokens(params);
      await call();
      const before = await database.client.query('SELECT updated_at FROM gmail_tokens');
      let isLost = false;
      proxy.rule = (unit) => {
        if (isLost || unit.step !== step) return undefined;
        isLost = true;
        return { do: 'discard-before' };
      };
      await call();
      expect(isLost).toBe(true);
      proxy.rule = undefined;
      const after = await database.client.query('SELECT updated_at FROM gmail_tokens');
      expect(after.rows[0].updated_at > before.rows[0].updated_at).toBe(step === 'upsert');
      expect(await sent(call)).toEqual([{ step, prepared: false }]);
    },
  );
});

describe('statements are not prepared', () => {
  it.each([
    ['with the option', { preparedStatements: false }, ''],
    ['with pgbouncer=true in the URL', {}, '?pgbouncer=true'],
  ])('%s', async (_, options, query) => {
    const gmail = open(options, query);
    await gmail.upsertGmailTokens(params);
    expect(await sent(() => gmail.getValidGmailToken('user'))).toEqual([
      { step: 'read', prepared: false },
    ]);
    expect(await sent(() => gmail.upsertGmailTokens(params))).toEqual([
      { step: 'upsert', prepared: false },
    ]);
  });
});
