/** `databasePassword`: passwords that the application gives for each new connection. */

import { spawnSync } from 'node:child_process';
import { AsyncLocalStorage } from 'node:async_hooks';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTokenKeep, type TokenKeep, type TokenKeepOptions } from '../../dist/index.js';
import { gmailDatabase, KEY, type TestDatabase } from '../helpers/database';
import { failureOf, newGate, printed } from '../helpers/promises';

const PASSWORD = 'hunter2-that-rotates';

let database: TestDatabase;
let role: string;
let url: string;
const open: TokenKeep[] = [];
beforeAll(async () => {
  database = await gmailDatabase();
  role = `iam_${database.client.database}`;
  await database.client.query(`CREATE ROLE ${role} LOGIN BYPASSRLS PASSWORD '${PASSWORD}';
    GRANT ALL ON gmail_tokens TO ${role}; GRANT ALL ON SCHEMA tokenkeep TO ${role};
    GRANT ALL ON ALL TABLES IN SCHEMA tokenkeep TO ${role}; GRANT CREATE ON SCHEMA public TO ${role};
    GRANT CREATE ON DATABASE ${database.client.database} TO ${role}`);
  const named = new URL(database.url);
  [named.username, named.password] = [role, ''];
  url = named.href;
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((keep) => keep.close({ timeoutMs: 1_000 })));
});
afterAll(async () => {
  await database.client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  await database.drop();
});

function keepWith(
  databasePassword: TokenKeepOptions['databasePassword'],
  options: TokenKeepOptions = {},
): TokenKeep {
  const keep = createTokenKeep({
    databaseUrl: url,
    gmailEncryptionKey: KEY,
    databasePassword,
    ...options,
  });
  open.push(keep);
  return keep;
}

const look = (keep: TokenKeep) => keep.gmail.hasActiveGmailConnection('nobody');

/** Ends the sessions of the role: the next call needs a new connection. */
async function endSessions(): Promise<void> {
  await database.client.query(
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = $1`,
    [role],
  );
}

/** So that the pool notices. */
const lookAgain = (keep: TokenKeep) => look(keep).catch(() => look(keep));

describe('databasePassword', () => {
  it('gives the password of each new connection, and of no other', async () => {
    let calls = 0;
    const keep = keepWith(async () => (calls++, PASSWORD), { maxConnections: 1 });
    for (let call = 0; call < 5; call++) expect(await look(keep)).toBe(false);
    expect(calls).toBe(1);
    await endSessions();
    expect(await lookAgain(keep)).toBe(false);
    expect(calls).toBe(2);
  });

  it('counts more than the password of the URL, and may give it at once', async () => {
    const named = new URL(url);
    named.password = 'wrong';
    const keep = keepWith(() => PASSWORD, { databaseUrl: named.href });
    expect(await look(keep)).toBe(false);
    await keep.migrate({ stores: ['zoho'] });
    const wrong = keepWith(() => 'hunter3');
    const failure = await failureOf(look(wrong));
    expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_DATABASE', retryable: true });
    expect(printed(failure)).not.toContain('hunter');
  });

  it('is called once for connections that are opened at the same time', async () => {
    let calls = 0;
    const gate = newGate();
    const keep = keepWith(async () => {
      calls += 1;
      await gate.opened;
      return PASSWORD;
    });
    const writes = Array.from({ length: 6 }, () => keep.gmail.deleteGmailTokens('nobody'));
    const reads = Array.from({ length: 6 }, () => look(keep));
    // Time for others to call it, if they did.
    await sleep(300);
    expect(calls).toBe(1);
    gate.open();
    await Promise.all([...writes, ...reads]);
  });

  it('is called in the context in which the instance was made', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const keep = storage.run('made', () =>
      keepWith(() => (seen.push(storage.getStore()), PASSWORD)),
    );
    await storage.run('called', () => look(keep));
    expect(seen).toEqual(['made']);
  });

  it('of one instance is not asked for the connections of another', async () => {
    const [one, other] = [[] as string[], [] as string[]];
    const first = keepWith(() => (one.push('one'), PASSWORD));
    const second = keepWith(() => (other.push('other'), PASSWORD));
    await Promise.all([look(first), look(second)]);
    expect([one, other]).toEqual([['one'], ['other']]);
    const third = keepWith(undefined);
    expect(await failureOf(look(third))).toMatchObject({ code: 'ERR_TOKENKEEP_DATABASE' });
  });

  it('must be a function', () => {
    expect(() => keepWith('hunter2' as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_TOKENKEEP_INVALID_ARGUMENT',
        message: expect.not.stringContaining('hunter2'),
      }),
    );
  });
});

describe('a databasePassword that fails', () => {
  const thrower = new Proxy(
    {},
    {
      get: () => {
        throw new Error('a trap');
      },
    },
  );

  it.each<[string, () => unknown, boolean]>([
    [
      'throws',
      () => {
        throw new Error(`of ${PASSWORD}`);
      },
      true,
    ],
    ['rejects', () => Promise.reject(new Error(`of ${PASSWORD}`)), true],
    ['rejects with nothing', () => Promise.reject(undefined), true],
    [
      'throws a proxy',
      () => {
        throw thrower;
      },
      true,
    ],
    ['gives a proxy', () => thrower, true],
    ['gives nothing', () => undefined, false],
    ['gives an empty text', async () => '', false],
    ['gives no text', async () => Buffer.from(PASSWORD), false],
  ])('since it %s is a retryable error of its own', async (_, give, hasCause) => {
    let fails = true;
    const keep = keepWith((() => (fails ? give() : PASSWORD)) as never);
    const failure = await failureOf(look(keep));
    expect(failure).toMatchObject({
      name: 'DatabaseError',
      code: 'ERR_TOKENKEEP_DATABASE',
      retryable: true,
      message: expect.stringContaining('databasePassword'),
    });
    expect('cause' in failure).toBe(hasCause);
    expect(`${failure.message} ${JSON.stringify(failure)}`).not.toContain('hunter2');
    fails = false;
    expect(await look(keep)).toBe(false);
  });

  it('gives one that the server refuses is asked again: it may have been rotated meanwhile', async () => {
    let password = 'the one before';
    const keep = keepWith(() => password);
    const refused = await failureOf(look(keep));
    expect(refused).toMatchObject({ code: 'ERR_TOKENKEEP_DATABASE', retryable: true });
    expect(refused.message).toContain(
      'databasePassword returned a password that the server rejected',
    );
    expect(printed(refused)).not.toContain(password);
    password = PASSWORD;
    expect(await look(keep)).toBe(false);
  });

  it('hangs nobody beyond connectTimeoutMs, and nobody else at all', async () => {
    let hangs = true;
    const keep = keepWith(() => (hangs ? new Promise(() => {}) : PASSWORD), {
      connectTimeoutMs: 500,
      poolWaitMs: 500,
    });
    const stuck = Array.from({ length: 10 }, () => failureOf(look(keep)));
    expect(await look(keepWith(() => PASSWORD))).toBe(false);
    for (const failure of await Promise.all(stuck)) {
      expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_DATABASE', retryable: true });
    }
    hangs = false;
    expect(await look(keep)).toBe(false);
  });

  it('keeps no process alive, idle or not', () => {
    const script = `
      const { createTokenKeep } = require(${JSON.stringify(join(import.meta.dirname, '../../dist/index.js'))});
      const keep = createTokenKeep({ databasePassword: async () => ${JSON.stringify(PASSWORD)} });
      keep.gmail.hasActiveGmailConnection('nobody').then((is) => console.log(is));`;
    const { stdout, status } = spawnSync(process.execPath, ['-e', script], {
      encoding: 'utf8',
      timeout: 30_000,
      env: { ...process.env, DATABASE_URL: url, GMAIL_ENCRYPTION_KEY: KEY },
    });
    expect([stdout, status]).toEqual(['false\n', 0]);
  });
});
