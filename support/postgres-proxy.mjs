import { once } from 'node:events';
import net from 'node:net';

import { Connection } from './postgres-proxy/connection.mjs';

/**
 * The action for a unit. `answered` is awaited when the server has executed the unit, before its response is
 * forwarded; without `do`, nothing else happens.
 *
 * - `cut-before`: the connection is reset before the server receives the unit
 * - `cut-middle`: half of its bytes arrive, then both connections are closed
 * - `cut-after`: executed; then the connection is reset instead of a response
 * - `delay`: arrives later, even if its sender has disconnected, as in a network
 * - `delay-answer`: executed immediately, answered later
 * - `never-before`: dropped; the connection stays open and silent
 * - `never-after`: executed; the connection stays open and silent
 * - `break-begin`: arrives, but the server rejects the message before the statement
 * - `discard-before`: the session forgets what it has set and prepared, as another session of a pooler has neither
 *
 * @typedef {{ answered?: () => unknown } & (
 *   | { do?: 'cut-before' | 'cut-middle' | 'cut-after' | 'never-before' | 'never-after' | 'break-begin' | 'discard-before' }
 *   | { do: 'delay' | 'delay-answer', ms: number }
 * )} Action
 *
 * Called before a unit is forwarded, which waits until it resolves. A unit is forwarded even if its sender has
 * disconnected meanwhile, unless the rule returns `cut-before`.
 *
 * @typedef {(unit: Unit) => Action | undefined | Promise<Action | undefined>} Rule
 * @typedef {import('./postgres-proxy/units.mjs').Unit} Unit
 *
 * @typedef {object} PostgresProxy
 * @property {string} url of the database, through this proxy
 * @property {number} port
 * @property {Rule | undefined} rule
 * @property {number} connections the number of open ones
 * @property {Unit[]} statements all units so far, in order
 * @property {() => void} cutAll closes every open connection
 * @property {(refused: boolean) => void} refuse true: new connections are refused
 * @property {number} connectDelayMs the delay of new connections
 * @property {() => Promise<void>} close
 */

/**
 * A TCP proxy in front of a PostgreSQL server, without TLS, that simulates network faults.
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
