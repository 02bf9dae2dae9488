/** A server behind PgBouncer that becomes a standby: the pooler keeps its clients, and tells nobody. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TokenKeep } from '../../../dist/index.js';
import { type Database, startPostgres } from '../../../support/postgres.mjs';
import { keepOn } from '../../helpers/database';
import { failureOf, until } from '../../helpers/promises';
import { params, someUser } from '../../helpers/rows';
import { type PgBouncer, startPgBouncer } from './pgbouncer.mjs';
import { versions } from './program.mjs';

/** Longer than a connection may be idle without being asked. */
const IDLE_MS = 5_500;

let server: Database;
let pooler: PgBouncer;
let keep: TokenKeep;
beforeAll(async () => {
  server = await startPostgres();
});
afterEach(async () => {
  await keep.close({ timeoutMs: 1_000 });
  await pooler.stop();
});
afterAll(() => server.stop());

async function demote(): Promise<void> {
  writeFileSync(join(server.dataDirectory!, 'standby.signal'), '');
  await server.restart();
}

async function promote(): Promise<void> {
  const client = new pg.Client(server.url);
  await client.connect();
  await client.query('SELECT pg_promote()');
  await client.end();
}

describe.each(versions)('PgBouncer, %s', (version) => {
  it.each([
    [
      'a write was refused',
      async (user: string) => {
        const failure = await failureOf(keep.gmail.upsertGmailTokens(params(user)));
        expect(failure).toMatchObject({ retryable: true });
        // By the statement, or by whoever looked when it connected anew.
        return failure['sqlstate'] === '25006' || failure.message.includes('is a standby');
      },
    ],
    ['its connection was idle', async () => sleep(IDLE_MS, true)],
  ])('transaction mode: a demoted server is not read after %s', async (_, happens) => {
    pooler = await startPgBouncer({ version, target: server.url });
    keep = keepOn({ url: pooler.url });
    await keep.migrate({ stores: ['gmail'] });
    const user = someUser();
    await keep.gmail.upsertGmailTokens(params(user));
    await demote();
    await until(() => happens(user));
    // The pooler lets nobody in for a while, since its server was away.
    await until(async () => {
      const failure = await failureOf(keep.gmail.getGmailTokenDecrypted(user));
      expect(failure).toMatchObject({ retryable: true });
      return failure.message.includes('is a standby');
    });
    await promote();
    expect(await keep.gmail.getGmailTokenDecrypted(user)).not.toBeNull();
    await keep.gmail.upsertGmailTokens(params(user));
  });
});
