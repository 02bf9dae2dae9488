/** Connections that nobody used for a while, statements that nobody waits for any more. */

import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TokenKeep } from '../../dist/index.js';
import { gmailDatabase, keepOn, type TestDatabase } from '../helpers/database';
import { failureOf, until } from '../helpers/promises';
import { params, someUser } from '../helpers/rows';

let database: TestDatabase;
beforeAll(async () => {
  database = await gmailDatabase();
});
afterAll(() => database.drop());

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** What stands in between, such as a firewall: it can forget the connections that there are. */
async function startFirewall() {
  const server = new URL(database.url);
  const open = new Set<net.Socket>();
  const listener = net.createServer((socket) => {
    const behind = net.connect(Number(server.port), server.hostname);
    for (const side of [socket, behind]) {
      side.on('error', () => {});
      open.add(side);
    }
    socket.pipe(behind).pipe(socket);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const url = new URL(database.url);
  url.hostname = '127.0.0.1';
  url.port = String((listener.address() as net.AddressInfo).port);
  closing.push(() => {
    for (const socket of open) socket.destroy();
    listener.close();
  });
  return {
    url: url.href,
    /** Nothing comes through any more on what is open, and nobody is told. */
    forget() {
      for (const socket of open) {
        socket.unpipe();
        socket.pause();
      }
    },
  };
}

/** Longer than a connection may be idle without being asked. */
const IDLE_MS = 5_500;

describe('connections that were forgotten while they were idle', () => {
  it.each([
    ['a pool', {}],
    ['a serverless function', { serverless: true }],
  ])(
    'cost %s no call, not even one that writes',
    async (_, options) => {
      const firewall = await startFirewall();
      const keep = keepOn({ ...database, url: firewall.url }, options);
      closing.push(() => keep.close({ timeoutMs: 1_000 }));
      const user = someUser();
      const connections = [...Array(6).keys()].map(() =>
        keep.gmail.upsertGmailTokens(params(user)),
      );
      await Promise.all(connections);
      firewall.forget();
      await sleep(IDLE_MS);
      await keep.gmail.upsertGmailTokens(params(user, { accessToken: 'access-2' }));
      expect(await keep.gmail.getGmailTokenDecrypted(user)).toMatchObject({
        accessToken: 'access-2',
      });
    },
    30_000,
  );
});

it('a serverless instance uses one connection, however many call', async () => {
  const keep = keepOn(database, { serverless: true });
  closing.push(() => keep.close());
  const users = await Promise.all(
    [...Array(40).keys()].map(async () => {
      const user = someUser();
      await keep.gmail.upsertGmailTokens(params(user));
      return keep.gmail.hasActiveGmailConnection(user);
    }),
  );
  expect(users.every(Boolean)).toBe(true);
  const { rows } = await database.client.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tokenkeep'`,
  );
  expect(rows).toHaveLength(1);
});

describe('statementTimeoutMs', () => {
  const locked = async (act: () => Promise<void>) => {
    await database.client.query('BEGIN; LOCK TABLE gmail_tokens IN ACCESS EXCLUSIVE MODE');
    try {
      await act();
    } finally {
      await database.client.query('ROLLBACK');
    }
  };
  const waiting = async () => {
    // A transaction looks only once, unless it is told to look again.
    await database.client.query('SELECT pg_stat_clear_snapshot()');
    const { rows } = await database.client.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return rows.length;
  };

  it.each([
    // Reads in transactions of their own take no lock timeout along.
    [false, 'ERR_TOKENKEEP_DATABASE', 'no response in time'],
    [true, 'ERR_TOKENKEEP_ROW_LOCKED', 'read gmail tokens'],
  ])('ends a read, here and at the server (preparedStatements: %s)', async (...expected) => {
    const [preparedStatements, code, message] = expected;
    const keep: TokenKeep = keepOn(database, { statementTimeoutMs: 300, preparedStatements });
    closing.push(() => keep.close());
    await locked(async () => {
      const reading = failureOf(keep.gmail.hasActiveGmailConnection(someUser()));
      await until(async () => (await waiting()) === 1);
      expect(await reading).toMatchObject({
        code,
        retryable: true,
        message: expect.stringContaining(message),
      });
      // The table is still locked: only a cancel request ends who waits for it.
      await until(async () => (await waiting()) === 0);
    });
    expect(await keep.gmail.hasActiveGmailConnection(someUser())).toBe(false);
  });

  it('and lockTimeoutMs end a write, and nothing of it is stored', async () => {
    const keep = keepOn(database, { statementTimeoutMs: 300, lockTimeoutMs: 100 });
    const alone = keepOn(database, { statementTimeoutMs: 300 });
    closing.push(
      () => keep.close(),
      () => alone.close(),
    );
    const user = someUser();
    await locked(async () => {
      for (const each of [keep, alone]) {
        expect(await failureOf(each.gmail.upsertGmailTokens(params(user)))).toMatchObject({
          code: 'ERR_TOKENKEEP_ROW_LOCKED',
          retryable: true,
        });
      }
    });
    expect(await keep.gmail.hasActiveGmailConnection(user)).toBe(false);
  });

  it.each([
    [{ statementTimeoutMs: 20_000 }, 'statementTimeoutMs: must be less than 15000'],
    [{ lockTimeoutMs: 7_000 }, 'lockTimeoutMs: must be less than 7000'],
    [{ statementTimeoutMs: 2, lockTimeoutMs: 2 }, 'lockTimeoutMs: must be less than 2'],
    [{ statementTimeoutMs: 1 }, 'statementTimeoutMs: must be at least 2'],
    [{ statementTimeoutMs: 1, lockTimeoutMs: 1 }, 'statementTimeoutMs: must be at least 2'],
  ])('refuses a timeout that cannot be, by name: %o', async (options, rule) => {
    const keep = keepOn(database, options);
    closing.push(() => keep.close());
    expect(await failureOf(keep.gmail.hasActiveGmailConnection('u'))).toMatchObject({
      code: 'ERR_TOKENKEEP_CONFIGURATION',
      message: expect.stringContaining(rule),
    });
  });
});

describe('a call that no connection could be had for says why', () => {
  it('when all are taken', async () => {
    const keep = keepOn(database, { maxConnections: 1, poolWaitMs: 100 });
    closing.push(() => keep.close());
    await database.client.query('BEGIN; LOCK TABLE gmail_tokens IN ACCESS EXCLUSIVE MODE');
    const first = keep.gmail.upsertGmailTokens(params(someUser()));
    const second = failureOf(keep.gmail.upsertGmailTokens(params(someUser())));
    expect(await second).toMatchObject({
      retryable: true,
      message: expect.stringContaining('within poolWaitMs; see maxConnections'),
    });
    await database.client.query('ROLLBACK');
    await first;
  });

  it('when one of several hosts has said so, and another is silent', async () => {
    const { host } = new URL(database.url);
    const url = database.url.replace(host, `${host},127.0.0.1:1`).replace(/test_\w+$/, 'nowhere');
    const keep = keepOn({ ...database, url });
    closing.push(() => keep.close());
    expect(await failureOf(keep.gmail.hasActiveGmailConnection('u'))).toMatchObject({
      sqlstate: '3D000',
      retryable: false,
    });
  });

  it('when nobody listens', async () => {
    const free = net.createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as net.AddressInfo;
    free.close();
    const keep = keepOn({ ...database, url: `postgres://u@127.0.0.1:${port}/d` });
    closing.push(() => keep.close());
    expect(await failureOf(keep.gmail.hasActiveGmailConnection('u'))).toMatchObject({
      retryable: true,
      message: expect.stringContaining('no server listens on the host and port'),
    });
  });
});
