/** PgBouncer in front of a server. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from '../../../support/free-port.mjs';
import { query } from './query.mjs';
import { findPgBouncer } from './program.mjs';

const READY_MS = 20_000;

/**
 * @typedef {object} PgBouncer
 * @property {string} url of the target's database, as its user, through the pooler
 * @property {string} version such as `1.18.0`
 * @property {(login: string) => string} through the same for the URL of another login (see `logins`)
 * @property {(sql: string) => Promise<any[]>} admin what its console answers, such as to `SHOW POOLS`
 * @property {() => Promise<void>} stop
 *
 * @typedef {object} Options
 * @property {import('./program.mjs').Version} version
 * @property {string} target URL of a database; every database of its server is served
 * @property {string[]} [logins] URLs with further logins of that server
 * @property {'transaction' | 'session'} [mode]
 * @property {number} [poolSize] connections to the server for a database and user
 * @property {number} [maxPreparedStatements] how many a connection to the server keeps, from 1.21 on; default: its own
 */

/**
 * Starts one on loopback. It goes with `stop()`, and otherwise with this process. Apart from the
 * pool all its settings are their defaults: what users of poolers have.
 *
 * @param {Options} options
 * @returns {Promise<PgBouncer>}
 */
export async function startPgBouncer({ version, target, ...rest }) {
  const { makeDirectory } = await import('../../../dist/testing/postgres/directory.js');
  const { serverAccount } = await import('../../../dist/testing/postgres/account.js');
  const program = findPgBouncer(version);
  const account = serverAccount();
  const directory = makeDirectory(account);
  const port = await freePort();
  const config = configure({ target, ...rest }, port, directory, account);
  const [command, ...args] = program.command;
  // It does not run as root either. It is loaded before it changes, from wherever it is.
  const user = account ? ['-u', 'nobody'] : [];
  const child = spawn(command, [...args, '-q', ...user, config], { stdio: 'ignore' });
  const through = (login) => Object.assign(new URL(login), { port: String(port) }).href;
  const consoleUrl = Object.assign(new URL(through(target)), { pathname: '/pgbouncer' }).href;
  const pooler = {
    url: through(target),
    version: program.version,
    through,
    admin: (sql) => query(consoleUrl, sql),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await directory.remove();
    },
  };
  try {
    await ready(child, pooler);
  } catch (cause) {
    const told = readFileSync(directory.log, 'utf8').slice(-2_000);
    await pooler.stop();
    throw new Error(`PgBouncer did not start:\n${told}`, { cause });
  }
  return pooler;
}

/** Writes its files; gives the one that it is started with. @param {Omit<Options, 'version'>} options */
function configure(
  { target, logins = [], mode = 'transaction', poolSize = 2, maxPreparedStatements },
  port,
  home,
  account,
) {
  const own = (path) => account && chownSync(path, account.uid, account.gid);
  const write = (name, lines) => {
    const file = join(home.root, name);
    writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    own(file);
    return file;
  };
  mkdirSync(home.data);
  own(home.data);
  const { hostname, port: serverPort, username } = new URL(target);
  return write('pgbouncer.ini', [
    '[databases]',
    `* = host=${hostname} port=${serverPort}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = scram-sha-256',
    `auth_file = ${write('users', [target, ...logins].map(userLine))}`,
    `admin_users = ${decodeURIComponent(username)}`,
    `pool_mode = ${mode}`,
    `default_pool_size = ${poolSize}`,
    'max_client_conn = 500',
    ...(maxPreparedStatements === undefined
      ? []
      : [`max_prepared_statements = ${maxPreparedStatements}`]),
    `logfile = ${home.log}`,
    // Where the directory's watchdog looks for a server.
    `pidfile = ${join(home.data, 'postmaster.pid')}`,
  ]);
}

/** A login as its list of users has it. */
function userLine(login) {
  const { username, password } = new URL(login);
  const quoted = (text) => `"${decodeURIComponent(text).replaceAll('"', '""')}"`;
  return `${quoted(username)} ${quoted(password)}`;
}

async function ready(child, pooler) {
  for (const until = Date.now() + READY_MS; ; await sleep(20)) {
    try {
      await pooler.admin('SHOW VERSION');
      return;
    } catch (error) {
      if (Date.now() > until || child.exitCode !== null) throw error;
    }
  }
}
