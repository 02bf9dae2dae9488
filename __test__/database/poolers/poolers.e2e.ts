/** PgBouncer with fewer connections than anybody wants. */

import { describe, expect, it } from 'vitest';
import { KEY, emptyDatabase } from '../../helpers/database';
import { Caller, endCallersAfterEach } from '../../helpers/processes';
import { failureOf, until } from '../../helpers/promises';
import { insertRow, params, rowOf, someUser, tokensOf } from '../../helpers/rows';
import { SCALED } from '../../helpers/scene';
import { STORES, useEveryStore } from '../every-store';
import { findPgBouncer } from './program.mjs';
import { type Kind, usePooler } from './scene';
import { lookIntoSessions } from './sessions';

/** As in a session that nobody has set anything in. */
const CLEAN = { lockTimeout: '0', statementTimeout: '0', left: [] };

const kinds: Kind[] = [
  { version: 'installed', mode: 'transaction', poolSize: 2 },
  { version: 'current', mode: 'transaction', poolSize: 2, maxPreparedStatements: 0 },
  // It passes on prepared statements, under names of its own.
  { version: 'current', mode: 'transaction', poolSize: 2, maxPreparedStatements: 200 },
  // Each client's connection has one at the server to itself for as long as it is open.
  { version: 'installed', mode: 'session', poolSize: 40 },
  { version: 'current', mode: 'session', poolSize: 40 },
];
const titleOf = ({ version, mode, maxPreparedStatements }: Kind) => {
  const prepared =
    maxPreparedStatements === undefined ? '' : `, ${maxPreparedStatements} prepared statements`;
  return `PgBouncer ${findPgBouncer(version).version}, ${mode} mode${prepared}`;
};
const told = kinds.map((kind) => [titleOf(kind), kind] as const);

describe.each(told)('%s', (_, kind) => {
  const scene = usePooler(kind);
  endCallersAfterEach();

  it('gives every store all its statements, to several instances at once', async () => {
    await Promise.all(scene.keeps(4).map((keep) => useEveryStore(keep, scene.endpoint)));
  });

  it('does not mix up the answers of many callers', async () => {
    const users: string[] = [];
    while (users.length < 40) {
      users.push(await insertRow(scene.database, { accessToken: `access-${users.length}` }));
    }
    const keeps = scene.keeps(3);
    const calls = Array.from({ length: 400 }, async (_, call) => {
      const at = call % users.length;
      const token = await keeps[call % 3]!.gmail.getGmailTokenDecrypted(users[at]!);
      expect(token!.accessToken).toBe(`access-${at}`);
    });
    await Promise.all(calls);
  });

  it('carries a storm of several processes, and one request is sent', async () => {
    const issued = scene.endpoint.issue();
    const user = await insertRow(scene.database, issued);
    scene.endpoint.script(() => ({ delayMs: 200 }));
    const start = () =>
      Caller.start({
        databaseUrl: scene.url,
        gmailEncryptionKey: KEY,
        googleClientId: 'client',
        googleClientSecret: 'secret',
        googleTokenUrl: scene.endpoint.url,
      });
    const processes = await Promise.all([start(), start(), start()]);
    const answers = await Promise.all(processes.map((process) => process.call(user, 50)));
    expect(scene.endpoint.requests).toHaveLength(1);
    const { accessToken } = (await tokensOf(scene.database, user))!;
    expect(new Set(answers.flat())).toEqual(new Set([accessToken]));
  });

  it('has ten migrations begin at once, and leaves no lock', async () => {
    const empty = await emptyDatabase();
    const keeps = scene.keeps(10, { databaseUrl: scene.pooler.through(empty.url) });
    await Promise.all(keeps.map((keep) => keep.migrate({ stores: [...STORES] })));
    const locks = "SELECT * FROM pg_locks WHERE locktype = 'advisory'";
    expect((await empty.client.query(locks)).rows).toEqual([]);
    const tables = "SELECT to_regclass('gmail_tokens') IS NOT NULL AS made";
    expect((await empty.client.query(tables)).rows).toEqual([{ made: true }]);
    await empty.drop();
  });

  it('enforces the timeouts of a write, and reports the error', async () => {
    const user = someUser();
    const keep = scene.keep(SCALED);
    await keep.gmail.upsertGmailTokens(params(user));
    const before = await rowOf(scene.database, user);
    const application = await scene.client();
    await application.query('BEGIN');
    await application.query('SELECT 1 FROM gmail_tokens WHERE user_id = $1 FOR UPDATE', [user]);
    const error = await failureOf(keep.gmail.upsertGmailTokens(params(user, { scope: 'other' })));
    expect(error).toMatchObject({ code: 'ERR_TOKENKEEP_ROW_LOCKED', retryable: true });
    await application.query('COMMIT');
    expect(await rowOf(scene.database, user)).toEqual(before);
    await keep.gmail.upsertGmailTokens(params(user, { scope: 'other' }));
    expect(await rowOf(scene.database, user)).toMatchObject({ scope: 'other' });
  });

  it('passes on that a read which takes too long is given up', async () => {
    const application = await scene.client();
    await application.query('BEGIN; LOCK TABLE gmail_tokens IN ACCESS EXCLUSIVE MODE');
    const { gmail } = scene.keep(SCALED);
    expect(await failureOf(gmail.hasActiveGmailConnection('nobody'))).toMatchObject({
      retryable: true,
    });
    const waiting = `SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await until(async () => (await scene.database.client.query(waiting)).rows[0].count === 0);
    await application.query('COMMIT');
    expect(await gmail.hasActiveGmailConnection('nobody')).toBe(false);
  });

  it('that has no connection left for us ends in an error that may be tried again', async () => {
    const holders = await Promise.all(
      Array.from({ length: kind.poolSize }, () => scene.client(scene.url)),
    );
    for (const holder of holders) await holder.query('BEGIN');
    const keep = scene.keep(SCALED);
    const read = () => keep.gmail.hasActiveGmailConnection('nobody');
    const write = () => keep.gmail.deleteGmailTokens('nobody');
    for (const call of [read, write]) {
      expect(await failureOf(call())).toMatchObject({
        code: 'ERR_TOKENKEEP_DATABASE',
        retryable: true,
      });
    }
    for (const holder of holders) await holder.end();
    await until(() => read().then(() => true, retryable));
    await write();
  });

  if (kind.mode === 'transaction') {
    it('is left without a trace in any session', async () => {
      await Promise.all(scene.keeps(3).map((keep) => useEveryStore(keep, scene.endpoint)));
      const sessions = await lookIntoSessions(scene.url, kind.poolSize);
      expect(new Set(sessions.map(({ pid }) => pid)).size).toBe(kind.poolSize);
      expect(sessions).toMatchObject(sessions.map(() => CLEAN));
    });

    it('would show what somebody else sets for a session', async () => {
      const client = await scene.client(scene.url);
      await client.query("SELECT set_config('app.current_tenant_id', 'somebody', false)");
      await client.query("SELECT set_config('lock_timeout', '1234', false)");
      await client.query('PREPARE theirs AS SELECT 1');
      const found = (await lookIntoSessions(scene.url, kind.poolSize)).flatMap(({ left }) => left);
      expect(found.filter((text) => text.startsWith('prepared'))).toHaveLength(1);
      expect(found).toContain('set: app.current_tenant_id = somebody');
      expect(found).toContain('set: lock_timeout = 1234');
      await scene.pooler.admin('RECONNECT');
    });
  }
});

function retryable(error: { retryable: boolean }): boolean {
  expect(error.retryable).toBe(true);
  return false;
}
