/** What the proxy does to a statement, on a real server: the fault tests rest on it. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PostgresProxy, startPostgresProxy } from '../../support/postgres-proxy.mjs';
import { programPath } from '../helpers/processes';
import { failureOf, newGate, until } from '../helpers/promises';
import { params, someUser } from '../helpers/rows';
import { useScene } from '../helpers/scene';

const scene = useScene();
let proxy: PostgresProxy;
const clients: pg.Client[] = [];

beforeEach(async () => {
  proxy = await startPostgresProxy(scene.database.url);
  await scene.database.client.query(
    `CREATE TABLE IF NOT EXISTS marks (name text, at timestamptz DEFAULT clock_timestamp());
     TRUNCATE marks`,
  );
});
afterEach(async () => {
  await proxy.close();
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => {})));
});

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: proxy.url });
  client.on('error', () => {});
  clients.push(client);
  await client.connect();
  return client;
}

const insert = (client: pg.Client, name: string) =>
  client.query('INSERT INTO marks (name) VALUES ($1)', [name]);

/** What arrived at the server. */
async function marks(): Promise<string[]> {
  const { rows } = await scene.database.client.query('SELECT name FROM marks');
  return rows.map(({ name }) => name);
}

/** The server's clock, in milliseconds: it says when a statement was executed. */
async function clock(): Promise<number> {
  const { rows } = await scene.database.client.query('SELECT clock_timestamp() AS now');
  return rows[0].now.getTime();
}

async function executedAt(): Promise<number> {
  const { rows } = await scene.database.client.query('SELECT at FROM marks');
  return rows[0].at.getTime();
}

describe('a unit', () => {
  it('names the statement and its parameters, text or not', async () => {
    const client = await connect();
    await client.query('SELECT $1::text AS a, $2::int AS b', ['ä', null]);
    expect(proxy.statements).toEqual([
      {
        step: 'other',
        sql: 'SELECT $1::text AS a, $2::int AS b',
        parameters: ['ä', null],
        prepared: false,
      },
    ]);
  });

  it('of tokenkeep is a step of the protocol, with BEGIN and COMMIT in it', async () => {
    const keep = scene.keep({ databaseUrl: proxy.url });
    const user = await scene.user();
    await keep.gmail.getValidGmailToken(user.id);
    // No step is what refreshes leave behind beside the row, the timeouts of a session, or a statement that
    // is prepared.
    const isStep = ({ sql }: { sql: string }) =>
      sql !== '' && !/ tokenkeep\.|to_regclass|set_config|^SET /.test(sql);
    const statements = proxy.statements.filter(isStep);
    const steps = statements.map(({ step }) => step);
    expect([...new Set(steps)]).toEqual(['read', 'lease', 'commit']);
    for (const { parameters } of statements) expect(parameters[0]).toEqual([user.id]);
    proxy.statements.length = 0;
    scene.endpoint.script([{ status: 503 }, { status: 429 }]);
    await failureOf(keep.gmail.getValidGmailToken((await scene.user()).id));
    expect(proxy.statements.map(({ step }) => step)).toContain('release');
  });

  it('that reads several rows at once has them all as one parameter', async () => {
    const keep = scene.keep({ databaseUrl: proxy.url });
    const ids = Array.from({ length: 50 }, someUser);
    await Promise.all(ids.map((id) => keep.gmail.hasActiveGmailConnection(id)));
    const reads = proxy.statements.filter(({ step }) => step === 'read');
    expect(reads.length).toBeLessThan(50);
    expect(reads.flatMap(({ parameters }) => parameters[0]).sort()).toEqual(ids.sort());
  });

  it('is distinguished from the others: upsert, delete, mark revoked, expire early', async () => {
    const keep = scene.keep({ databaseUrl: proxy.url });
    const id = someUser();
    await keep.gmail.upsertGmailTokens(params(id, { expiresAt: new Date() }));
    await failureOf(keep.gmail.getValidGmailToken(id));
    await keep.gmail.deleteGmailTokens(id);
    const user = await scene.user();
    scene.endpoint.script(async () => {
      const again = params(user.id, { ...scene.endpoint.issue(), expiresAt: new Date() });
      await scene.keep().gmail.upsertGmailTokens(again);
      return { status: 400, body: { error: 'invalid_grant' }, times: 1 };
    });
    void keep.gmail.getValidGmailToken(user.id).catch(() => {});
    await until(() => proxy.statements.some(({ step }) => step === 'expire early'));
    const steps = new Set(proxy.statements.map(({ step }) => step));
    for (const step of ['upsert', 'mark revoked', 'delete', 'expire early'])
      expect(steps).toContain(step);
  });
});

describe('an action', () => {
  it.each(['cut-before', 'cut-middle'] as const)('%s keeps the statement away', async (action) => {
    const client = await connect();
    proxy.rule = async () => ({ do: action });
    await failureOf(insert(client, action));
    proxy.rule = undefined;
    await insert(await connect(), 'next');
    expect(await marks()).toEqual(['next']);
  });

  it('cut-after has it executed, and nobody gets an answer', async () => {
    const client = await connect();
    proxy.rule = async () => ({ do: 'cut-after' });
    await failureOf(insert(client, 'executed'));
    expect(await marks()).toEqual(['executed']);
    await until(() => proxy.connections === 0);
  });

  it('never-before swallows it, and the connection stays silent', async () => {
    const client = await connect();
    proxy.rule = async () => ({ do: 'never-before' });
    let settled = false;
    const call = insert(client, 'swallowed').finally(() => (settled = true));
    const failed = failureOf(call);
    await until(() => proxy.statements.length === 1);
    proxy.rule = undefined;
    await insert(await connect(), 'next');
    expect([settled, await marks()]).toEqual([false, ['next']]);
    proxy.cutAll();
    await failed;
  });

  it('never-after executes it, and the connection stays silent', async () => {
    const client = await connect();
    proxy.rule = async () => ({ do: 'never-after' });
    let settled = false;
    const failed = failureOf(insert(client, 'executed').finally(() => (settled = true)));
    await until(async () => (await marks()).length === 1);
    expect([settled, proxy.connections]).toEqual([false, 1]);
    proxy.cutAll();
    await failed;
  });

  it('delay has it arrive late, also when its sender is gone by then', async () => {
    const client = await connect();
    proxy.rule = async () => ({ do: 'delay', ms: 200 });
    const sent = await clock();
    void insert(client, 'late').catch(() => {});
    await until(() => proxy.statements.length === 1);
    client.end().catch(() => {});
    await until(() => proxy.connections === 0);
    expect((await executedAt()) - sent).toBeGreaterThanOrEqual(199);
  });

  it('delay-answer executes it at once', async () => {
    const client = await connect();
    proxy.rule = async () => ({ do: 'delay-answer', ms: 200 });
    await insert(client, 'executed');
    expect((await clock()) - (await executedAt())).toBeGreaterThanOrEqual(199);
  });

  it('can be a gate before the statement, and one before its answer', async () => {
    const client = await connect();
    const [before, after, executed] = [newGate(), newGate(), newGate()];
    proxy.rule = async () => {
      await before.opened;
      return { answered: () => (executed.open(), after.opened) };
    };
    let settled = false;
    const call = insert(client, 'gated').finally(() => (settled = true));
    await until(() => proxy.statements.length === 1);
    expect(await marks()).toEqual([]);
    before.open();
    await executed.opened;
    expect([settled, await marks()]).toEqual([false, ['gated']]);
    after.open();
    await call;
  });

  it('cuts a write of tokenkeep in its middle without a trace', async () => {
    const keep = scene.keep({ databaseUrl: proxy.url });
    proxy.rule = async ({ step }) => (step === 'upsert' ? { do: 'cut-middle' } : undefined);
    const id = someUser();
    const failure = await failureOf(keep.gmail.upsertGmailTokens(params(id)));
    expect(failure).toMatchObject({ name: 'DatabaseError', retryable: true });
    expect(await keep.gmail.hasActiveGmailConnection(id)).toBe(false);
  });
});

describe('a database that is away', () => {
  it('is away for the connections there are, and for new ones, until it is back', async () => {
    const client = await connect();
    proxy.refuse(true);
    await failureOf(insert(client, 'before'));
    await failureOf(connect());
    expect(proxy.connections).toBe(0);
    proxy.refuse(false);
    await insert(await connect(), 'after');
    expect(await marks()).toEqual(['after']);
  });
});

describe('a script that uses it', () => {
  it.each(['cut-unread-client.mjs', 'reset-closing.mjs'])(
    'ends when it is closed: %s',
    async (name) => {
      const run = promisify(execFile)(process.execPath, [programPath(name)], {
        timeout: 20_000,
        killSignal: 'SIGKILL',
      });
      expect((await run).stdout).toBe('closed\n');
    },
  );
});
