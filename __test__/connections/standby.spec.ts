/** One host in the URL, whose server becomes a standby and a primary again, as in a switchover. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TokenKeep } from '../../dist/index.js';
import { type Database, startPostgres } from '../../support/postgres.mjs';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { keepOn } from '../helpers/database';
import { failureOf, until } from '../helpers/promises';
import { params, someUser } from '../helpers/rows';
import type { Endpoint } from '../helpers/scene';

let server: Database;
let endpoint: Endpoint;
beforeAll(async () => {
  endpoint = (await startTokenEndpoint()) as Endpoint;
  server = await startPostgres();
  const keep = open();
  await keep.migrate({ stores: ['gmail'] });
});
afterAll(async () => {
  await server.stop();
  await endpoint.close();
});

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await promote();
});

function open(query = ''): TokenKeep {
  const keep = keepOn(
    { url: server.url + query },
    { limitsDivisor: 10, googleTokenUrl: endpoint.url },
  );
  closing.push(() => keep.close({ timeoutMs: 1_000 }));
  return keep;
}

/** It starts again, as a standby: no server is demoted otherwise. */
async function demote(): Promise<void> {
  writeFileSync(join(server.dataDirectory!, 'standby.signal'), '');
  await server.restart();
}

async function promote(): Promise<void> {
  const client = new pg.Client(server.url);
  await client.connect();
  const { rows } = await client.query('SELECT pg_is_in_recovery() AND pg_promote() AS done');
  await client.end();
  expect(rows).toHaveLength(1);
}

const STANDBY = {
  code: 'ERR_TOKENKEEP_DATABASE',
  retryable: true,
  message: expect.stringContaining('is a standby'),
};

describe('a single server that becomes a standby', () => {
  it('is neither read nor written, no provider is asked, and used again when it is promoted', async () => {
    const keep = open();
    const user = someUser();
    const { refreshToken, accessToken } = endpoint.issue();
    const spent = { accessToken, refreshToken, expiresAt: new Date(0) };
    await keep.gmail.upsertGmailTokens(params(user, spent));
    await demote();
    // What was open when it went says first that it is closed.
    await until(async () => {
      const failure = await failureOf(keep.gmail.getGmailTokenDecrypted(user));
      expect(failure).toMatchObject({ retryable: true });
      return failure.message.includes('is a standby');
    });
    for (const call of [
      () => keep.gmail.getGmailTokenDecrypted(user),
      () => keep.gmail.hasActiveGmailConnection(user),
      () => keep.gmail.upsertGmailTokens(params(user)),
      () => keep.gmail.getValidGmailToken(user),
    ]) {
      expect(await failureOf(call())).toMatchObject(STANDBY);
    }
    expect(endpoint.requests).toEqual([]);
    await promote();
    expect(await keep.gmail.getGmailTokenDecrypted(user)).toMatchObject({ refreshToken });
    await keep.gmail.getValidGmailToken(user);
    expect(endpoint.requests).toHaveLength(1);
  });

  it('is read where any server will do', async () => {
    const user = someUser();
    await open().gmail.upsertGmailTokens(params(user));
    await demote();
    const keep = open('?target_session_attrs=any');
    expect(await keep.gmail.hasActiveGmailConnection(user)).toBe(true);
    const failure = await failureOf(keep.gmail.upsertGmailTokens(params(user)));
    expect(failure).toMatchObject({ sqlstate: '25006', retryable: true });
  });
});
