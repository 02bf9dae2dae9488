import pg from 'pg';

import { prepareBinaries, serverAccount } from './postgres/binaries.mjs';
import { Cluster } from './postgres/cluster.mjs';
import { makeDirectory } from './postgres/directory.mjs';

/**
 * @typedef {object} Database
 * @property {string} url
 * @property {number} port
 * @property {string} version such as `18.4`
 * @property {boolean} embedded false: the server of DATABASE_URL
 * @property {string | undefined} dataDirectory of an embedded server
 * @property {string | undefined} socketDirectory where an embedded server has its unix socket
 * @property {(mode?: 'fast' | 'immediate') => Promise<void>} stop
 * @property {(mode?: 'fast' | 'immediate') => Promise<void>} restart
 * @property {() => Promise<void>} crash ends an embedded server at once, until `restart`
 * @property {(name: string) => Promise<string>} createDatabase gives the new database's URL
 */

/**
 * The server of DATABASE_URL when that is set, else a new one.
 *
 * @param {Parameters<typeof startPostgres>[0]} [options] for a new one
 * @returns {Promise<Database>}
 */
export async function openDatabase(options) {
  const url = process.env.DATABASE_URL;
  return url ? connectTo(url) : startPostgres(options);
}

/**
 * Starts a real PostgreSQL server on loopback, with a cluster of its own in a temporary directory.
 * Both go with `stop()`, and otherwise with this process, however that ends.
 *
 * @param {{ settings?: import('./postgres/cluster.mjs').Settings }} [options] postgresql.conf
 * @returns {Promise<Database>}
 */
export async function startPostgres({ settings = {} } = {}) {
  const account = serverAccount();
  const directory = makeDirectory(account);
  try {
    const binaries = prepareBinaries(directory.root, account);
    const cluster = new Cluster(directory, binaries, account);
    await cluster.initialise(settings);
    const port = await cluster.start();
    const url = `postgresql://postgres:${cluster.password}@127.0.0.1:${port}/postgres`;
    let stopped;
    return {
      url,
      port,
      version: binaries.version,
      embedded: true,
      dataDirectory: directory.data,
      socketDirectory: directory.sockets,
      stop: (mode = 'fast') => (stopped ??= cluster.stop(mode).finally(directory.remove)),
      restart: (mode = 'fast') => cluster.restart(mode),
      crash: () => cluster.stop('immediate'),
      createDatabase: (name) => createDatabase(url, name),
    };
  } catch (error) {
    await directory.abandon();
    throw error;
  }
}

/** @returns {Promise<Database>} */
async function connectTo(url) {
  const [{ server_version: version }, { port }] = await query(url, 'SHOW server_version');
  return {
    url,
    port,
    version: version.split(' ')[0],
    embedded: false,
    dataDirectory: undefined,
    socketDirectory: undefined,
    stop: async () => {},
    restart: notOurs,
    crash: notOurs,
    createDatabase: (name) => createDatabase(url, name),
  };
}

async function notOurs() {
  throw new Error('The server of DATABASE_URL is not ours to restart.');
}

async function createDatabase(url, name) {
  await query(url, `CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  const created = new URL(url);
  created.pathname = `/${encodeURIComponent(name)}`;
  return created.href;
}

/** One statement on a connection of its own: the first row, and the connection it came from. */
async function query(url, text) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query(text);
    return [rows[0], client];
  } finally {
    await client.end();
  }
}
