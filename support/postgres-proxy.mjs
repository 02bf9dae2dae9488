import { once } from 'node:events';
import net from 'node:net';

import { Connection } from './postgres-proxy/connection.mjs';

/**
 * What happens to a unit. `answered` is awaited when the server has executed it, before its answer
 * goes on; without `do` that is all.
 *
 * - `cut-before`: the connection is reset, the server never sees it
 * - `cut-middle`: half of its bytes arrive, then both sides are cut
 * - `cut-after`: executed; then the connection is reset in the place of an answer
 * - `delay`: arrives so much later, also when its sender is gone by then, as in a network
 * - `delay-answer`: executed at once, answered so much later
 * - `never-before`: swallowed; the connection stays open and silent
 * - `never-after`: executed; the connection stays open and silent
 * - `break-begin`: arrives, but the server refuses the message in front of the statement
 *
 * @typedef {{ answered?: () => unknown } & (
 *   | { do?: 'cut-before' | 'cut-middle' | 'cut-after' | 'never-before' | 'never-after' | 'break-begin' }
 *   | { do: 'delay' | 'delay-answer', ms: number }
 * )} Action
 *
 * Asked before a unit goes on; while it does not resolve, the unit is held. One that is held goes
 * on also when its sender is gone by then: a rule that does not want that says `cut-before`.
 *
 * @typedef {(unit: Unit) => Action | undefined | Promise<Action | undefined>} Rule
 * @typedef {import('./postgres-proxy/units.mjs').Unit} Unit
 *
 * @typedef {object} PostgresProxy
 * @property {string} url the database's, through this proxy
 * @property {number} port
 * @property {Rule | undefined} rule
 * @property {number} connections that are open now
 * @property {Unit[]} statements all units so far, in the order in which they came
 * @property {() => void} cutAll cuts every connection that is open
 * @property {(refused: boolean) => void} refuse true: the database is away for whoever comes here
 * @property {number} connectDelayMs how long whoever comes waits to be let in
 * @property {() => Promise<void>} close
 */

/**
 * A TCP proxy before a PostgreSQL server, without TLS, for everything that can happen to a statement
 * on its way.
 *
 * @param {string} databaseUrl
 * @returns {Promise<PostgresProxy>}
 */
export async function startPostgresProxy(databaseUrl) {
  const url = new URL(databaseUrl);
  const address = { host: url.hostname, port: Number(url.port || 5432) };
  /** @type {Set<Connection>} */
  const open = new Set();
  let refused = false;

  const letIn = (socket) => {
    if (refused) return void socket.resetAndDestroy();
    if (socket.destroyed) return;
    const connection = new Connection(socket, address, decide, () => open.delete(connection));
    open.add(connection);
  };
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    if (refused || proxy.connectDelayMs === 0) letIn(socket);
    else setTimeout(letIn, proxy.connectDelayMs, socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  url.hostname = '127.0.0.1';
  url.port = String(port);

  /** @type {PostgresProxy} */
  const proxy = {
    url: url.href,
    port,
    rule: undefined,
    connectDelayMs: 0,
    statements: [],
    get connections() {
      return open.size;
    },
    cutAll: () => {
      for (const connection of open) connection.cut();
    },
    refuse: (on) => {
      refused = on;
      if (refused) proxy.cutAll();
    },
    close: async () => {
      proxy.refuse(true);
      server.close();
      await once(server, 'close');
    },
  };

  async function decide(unit) {
    proxy.statements.push(unit);
    return proxy.rule?.(unit);
  }

  return proxy;
}
