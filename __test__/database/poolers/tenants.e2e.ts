/** Tenants through PgBouncer: its few connections serve all of them, one transaction each. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TokenKeep } from '../../../dist/index.js';
import { startTokenEndpoint } from '../../../support/token-endpoint.mjs';
import { instance, type Roles, rolesDatabase } from '../../row-security/roles';
import { tenantStorm } from '../../row-security/storm';
import { type PgBouncer, startPgBouncer } from './pgbouncer.mjs';
import { findPgBouncer, type Version } from './program.mjs';
import { lookIntoSessions } from './sessions';

const told = (['installed', 'current'] as Version[]).map((version) => [
  `PgBouncer ${findPgBouncer(version).version}, transaction mode`,
  version,
]) as [string, Version][];

describe.each(told)('%s', (_, version) => {
  let database: Roles;
  let pooler: PgBouncer;
  let google: Awaited<ReturnType<typeof startTokenEndpoint>>;
  const open: TokenKeep[] = [];

  beforeAll(async () => {
    database = await rolesDatabase();
    const logins = [database.plainUrl, database.bypassUrl];
    pooler = await startPgBouncer({ version, target: database.url, logins, poolSize: 2 });
    google = await startTokenEndpoint();
  });
  afterAll(async () => {
    await google.close();
    await pooler.stop();
    await database.drop();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((keep) => keep.close({ timeoutMs: 1_000 })));
  });

  const keepAs = (login: string): TokenKeep => {
    const keep = instance(pooler.through(login), {
      googleTokenUrl: google.url,
      maxConnections: 2,
    });
    open.push(keep);
    return keep;
  };

  it('never shows, refreshes or deletes a row of another tenant', async () => {
    await tenantStorm(database, google, keepAs(database.plainUrl), keepAs(database.bypassUrl));
  });

  it('keeps no tenant in its sessions', async () => {
    const keep = keepAs(database.plainUrl);
    await keep.forTenant('acme').gmail.hasActiveGmailConnection('nobody');
    await expect(keep.gmail.hasActiveGmailConnection('nobody')).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_TENANT_REQUIRED',
    });
    await keep.close();
    const sessions = await lookIntoSessions(pooler.through(database.plainUrl), 2);
    expect(sessions.map(({ left }) => left)).toEqual([[], []]);
  });
});
