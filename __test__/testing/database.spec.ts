/** A database that is left behind, or that is not there, when a test needs it. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { describe, expect, inject, it, vi } from 'vitest';
import { createTokenKeep } from '../../dist/index.js';
import { startTestDatabase } from '../../dist/testing/index.js';

const TABLES = [
  'gmail_tokens',
  'google_calendar_tokens',
  'integration_tokens',
  'oauth_tokens',
  'token_vault',
];

async function query(url: string, sql: string): Promise<string[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

const tables = (url: string) =>
  query(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1");

/** The databases that were made on the server of the whole run. */
const leftovers = () =>
  query(
    inject('databaseUrl'),
    "SELECT datname FROM pg_database WHERE datname LIKE 'tokenkeep_test_%'",
  );

/** Whether anybody listens at the place of a URL. */
async function listens(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const connected = await once(socket, 'connect').catch(() => undefined);
  socket.destroy();
  return connected !== undefined;
}

describe('on a server of one’s own', () => {
  it('makes a database with the tables of all stores, and drops it again', async () => {
    const database = await startTestDatabase({ server: inject('databaseUrl') });
    expect(await tables(database.url)).toEqual(TABLES);
    const name = new URL(database.url).pathname.slice(1);
    expect(await leftovers()).toContain(name);
    // Tests do not always close what they have opened.
    const client = new pg.Client(database.url);
    client.on('error', () => {});
    await client.connect();
    await database.stop();
    await database.stop();
    expect(await leftovers()).not.toContain(name);
  });

  it('makes only the tables that are wanted', async () => {
    await using database = await startTestDatabase({
      server: inject('databaseUrl'),
      stores: ['vault'],
    });
    expect(await tables(database.url)).toEqual(['token_vault']);
  });

  it('leaves no database behind when it cannot be migrated', async () => {
    const before = await leftovers();
    const stores = ['no store'] as unknown as ['gmail'];
    const starting = startTestDatabase({ server: inject('databaseUrl'), stores });
    await expect(starting).rejects.toMatchObject({ code: 'ERR_TOKENKEEP_INVALID_ARGUMENT' });
    expect((await leftovers()).toSorted()).toEqual(before.toSorted());
  });
});

describe('embedded', () => {
  it('is a server that an instance works on, until stop()', async () => {
    const database = await startTestDatabase({ stores: ['integration'] });
    const [directory] = await query(database.url, 'SHOW data_directory');
    const keep = createTokenKeep({ databaseUrl: database.url, tokenkeepKey: '22'.repeat(32) });
    const expiresAt = new Date(Date.now() + 3_600_000);
    await keep.integration.storeToken('u', 'github', { accessToken: 'a', expiresAt });
    expect(await keep.integration.getValidToken('u', 'github')).toMatchObject({ accessToken: 'a' });
    await keep.close();
    await database.stop();
    expect(await listens(database.url)).toBe(false);
    expect(existsSync(directory!)).toBe(false);
  });

  it.each([
    ['ends by itself', 'return', { code: 0, signal: null }],
    ['exits', 'exit', { code: 3, signal: null }],
    ['is killed', 'stay', { code: null, signal: 'SIGKILL' }],
  ])('goes with a process that %s without stop()', async (_, how, expected) => {
    const file = join(import.meta.dirname, 'database-process.mjs');
    const child = spawn(process.execPath, [file, how], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const { url, directory } = JSON.parse(line) as { url: string; directory: string };
    if (how === 'stay') {
      expect(await listens(url)).toBe(true);
      child.kill('SIGKILL');
    }
    const [code, signal] = await exited;
    expect({ code, signal }).toEqual(expected);
    await vi.waitFor(
      async () => {
        expect(await listens(url)).toBe(false);
        expect(existsSync(directory)).toBe(false);
      },
      { timeout: 10_000, interval: 100 },
    );
  });
});
