/** Pgpool-II with load balancing, in front of a standby that is behind: nothing is read there. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { examine, on } from '../../doctor/doctor';
import { KEY } from '../../helpers/database';
import { Caller, endCallersAfterEach } from '../../helpers/processes';
import { failureOf } from '../../helpers/promises';
import { insertRow, tokensOf } from '../../helpers/rows';
import { SCALED } from '../../helpers/scene';
import { granted, stateOf } from '../../query-plans/connections';
import { A, B } from '../../row-security/roles';
import { tenantStorm } from '../../row-security/storm';
import { useEveryStore } from '../every-store';
import { type Settings, versionOfPgpool } from './pgpool';
import { usePgpool } from './scene';

const KINDS: [string, Settings][] = [
  ['load balancing at its defaults', {}],
  // Then functions that are volatile do not keep a SELECT on the primary.
  ['a write_function_list', { write_function_list: 'nextval,setval' }],
  [
    'allow_sql_comments and a pattern',
    {
      allow_sql_comments: 'on',
      write_function_list: 'nextval,setval',
      primary_routing_query_pattern_list: '.*NO LOAD BALANCE.*',
    },
  ],
  [
    'a query cache, balancing each statement',
    { memory_cache_enabled: 'on', statement_level_load_balance: 'on' },
  ],
];
const told = KINDS.map(
  ([kind, settings]) => [`Pgpool-II ${versionOfPgpool()}, ${kind}`, settings] as const,
);

describe.each(told)('%s', (_, settings) => {
  const scene = usePgpool(settings);
  endCallersAfterEach();

  it('would have a statement without a comment read from the standby', async () => {
    const before = await scene.strayed();
    const user = await insertRow(scene.database, scene.endpoint.issue());
    const count = "SELECT count(*) AS count FROM gmail_tokens WHERE user_id <> ''";
    const [seen] = (await scene.pgpool.queryAt(scene.database.url, count)) as [{ count: string }];
    expect({ user, count: seen.count }).toEqual({ user, count: '0' });
    expect(await scene.strayed()).toBeGreaterThan(before);
  });

  it('gives every store what was just stored, to several instances at once', async () => {
    const before = await scene.strayed();
    const keeps = scene.keeps(4, scene.database.url);
    await Promise.all(keeps.map((keep) => useEveryStore(keep, scene.endpoint)));
    expect(await scene.strayed()).toBe(before);
  });

  it('gives every store what a tenant has just stored', async () => {
    const before = await scene.strayed();
    const keeps = scene.keeps(2, scene.database.bypassUrl);
    const use = (keep: (typeof keeps)[number], tenant: string) =>
      useEveryStore(keep.forTenant(tenant) as typeof keep, scene.endpoint);
    await Promise.all(keeps.map((keep, index) => use(keep, [A, B][index]!)));
    expect(await scene.strayed()).toBe(before);
  });

  it('never shows, refreshes or deletes a row of another tenant', async () => {
    const { plainUrl, bypassUrl } = scene.database;
    const before = await scene.strayed();
    await tenantStorm(scene.database, scene.endpoint, scene.keep(plainUrl), scene.keep(bypassUrl));
    expect(await scene.strayed()).toBe(before);
  });

  it('finds the expiring tokens of a tenant', async () => {
    const vault = scene.keep(scene.database.plainUrl).forTenant(A).vault;
    const expiresAt = new Date(Date.now() + 60_000);
    await vault.storeToken(A, 'google', 'access_token', { value: 'access', expiresAt });
    expect(await vault.findExpiringTokens(5)).toMatchObject([{ tenantId: A }]);
  });

  it('takes it for a primary where several hosts are named', async () => {
    const { host, pathname, href } = new URL(scene.pgpool.through(scene.database.url));
    const keep = scene.keepAt(href.replace(`${host}${pathname}`, `${host},${host}${pathname}`));
    expect(await keep.gmail.hasActiveGmailConnection('nobody')).toBe(false);
  });

  it('does not mix up the answers of 64 callers', async () => {
    const users: string[] = [];
    while (users.length < 16) {
      users.push(await insertRow(scene.database, { accessToken: `access-${users.length}` }));
    }
    const keeps = scene.keeps(2, scene.database.url);
    const callers = Array.from({ length: 64 }, async (_, caller) => {
      for (let call = 0; call < 8; call++) {
        const at = (caller + call) % users.length;
        const token = await keeps[call % 2]!.gmail.getGmailTokenDecrypted(users[at]!);
        expect(token!.accessToken).toBe(`access-${at}`);
      }
    });
    await Promise.all(callers);
  });

  it('returns no token that another process has revoked or replaced', async () => {
    const [one, other] = scene.keeps(2, scene.database.url);
    const [user, provider] = ['somebody', 'acme'];
    const token = () => ({
      ...scene.endpoint.issue(),
      expiresAt: new Date(Date.now() + 3_600_000),
    });
    for (let round = 0; round < 5; round++) {
      const stored = token();
      await one!.integration.storeToken(user, provider, stored);
      expect(await other!.integration.getToken(user, provider)).toMatchObject(stored);
      // By the application itself, without Pgpool-II: no cache of its hears of it.
      await scene.database.client.query(
        "UPDATE integration_tokens SET access_token = 'replaced' WHERE user_id = $1",
        [user],
      );
      const { accessToken } = (await other!.integration.getToken(user, provider))!;
      expect(accessToken).toBe('replaced');
      await one!.integration.revoke(user, provider);
      expect(await failureOf(other!.integration.getValidToken(user, provider))).toMatchObject({
        code: 'ERR_TOKENKEEP_NOT_CONNECTED',
      });
    }
  });

  it('looks up whose account is connected anew each time', async () => {
    const { connector } = scene.keep(scene.database.url);
    const { client } = scene.database;
    const userId = randomUUID();
    const connect = async (refreshes: boolean) => {
      scene.endpoint.script(() => ({ status: 200, body: granted(scene.endpoint, refreshes) }));
      const state = stateOf(await connector.begin('calendar', { userId }));
      return connector.finish('calendar', { state, code: 'code', userId });
    };
    await connect(true);
    // By somebody else, without this Pgpool-II: only then a refresh token of before may not be kept.
    await client.query('CREATE TABLE forgotten AS SELECT * FROM tokenkeep.oauth_account');
    await client.query('DELETE FROM tokenkeep.oauth_account');
    expect((await failureOf(connect(false))).code).toBe('ERR_TOKENKEEP_AUTHORIZATION');
    await client.query('INSERT INTO tokenkeep.oauth_account SELECT * FROM forgotten');
    await connect(false);
  });

  it('carries a storm of several processes, and one request is sent', async () => {
    const user = await insertRow(scene.database, scene.endpoint.issue());
    scene.endpoint.script(() => ({ delayMs: 200 }));
    const start = () =>
      Caller.start({
        databaseUrl: scene.pgpool.through(scene.database.url),
        gmailEncryptionKey: KEY,
        googleClientId: 'client',
        googleClientSecret: 'secret',
        googleTokenUrl: scene.endpoint.url,
      });
    const processes = await Promise.all([start(), start(), start()]);
    const answers = await Promise.all(processes.map((process) => process.call(user, 64)));
    expect(scene.endpoint.requests).toHaveLength(1);
    const { accessToken } = (await tokensOf(scene.database, user))!;
    expect(new Set(answers.flat())).toEqual(new Set([accessToken]));
  });

  it('is no problem to the doctor, who names it', async () => {
    const { check } = await examine(
      on(scene.database, { DATABASE_URL: scene.pgpool.through(scene.database.url) }),
    );
    expect(check('database.pooler')).toMatchObject({
      status: 'ok',
      found: expect.stringContaining(`Pgpool-II ${versionOfPgpool()}`),
      values: { kind: 'session', seen: { pgpool: { balances: true } } },
    });
    expect(check('database.writes')).toMatchObject({ status: 'ok' });
    expect(check('database.tls')).toMatchObject({ values: { viaPooler: true } });
    expect(check('vault.table')).toMatchObject({ status: 'ok' });
  });

  it('passes on that a read which takes too long is given up', async () => {
    const { client } = scene.database;
    await client.query('BEGIN; LOCK TABLE gmail_tokens IN ACCESS EXCLUSIVE MODE');
    const { gmail } = scene.keep(scene.database.url, SCALED);
    const failed = await failureOf(gmail.hasActiveGmailConnection('nobody'));
    expect(failed).toMatchObject({ retryable: true });
    await client.query('COMMIT');
    expect(await gmail.hasActiveGmailConnection('nobody')).toBe(false);
  });
});
