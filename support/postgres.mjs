// Uses the servers of tokenkeep/testing, which is loaded on demand: demo and tests import this module before
// dist is built.
const statements = () => import('../dist/testing/postgres/statement.js');

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
 * @param {{ settings?: import('../dist/testing/postgres/cluster.js').Settings }} [options]
 * @returns {Promise<Database>}
 */
export async function startPostgres({ settings = {} } = {}) {
  const { startServer } = await import('../dist/testing/postgres/server.js');
  const server = await startServer(settings);
  return { ...server, embedded: true, createDatabase: (name) => createDatabase(server.url, name) };
}

/** @returns {Promise<Database>} */
async function connectTo(url) {
  const { run } = await statements();
  const { row } = await run(url, 'SHOW server_version');
  return {
    url,
    port: Number(new URL(url).port || 5432),
    version: row.server_version.split(' ')[0],
    embedded: false,
    dataDirectory: undefined,
    socketDirectory: undefined,
    stop: async () => {},
    restart: notOurs,
    crash: notOurs,
    createDatabase: (name) => createDatabase(url, name),
  };
}

async function createDatabase(url, name) {
  return (await statements()).createDatabase(url, name);
}

async function notOurs() {
  throw new Error('The server of DATABASE_URL is not ours to restart.');
}
