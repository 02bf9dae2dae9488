/** What the servers for Node share. It is copied beside each of them. */
import { once } from 'node:events';
import http from 'node:http';
import { inspect } from 'node:util';

/**
 * Answers commands of the process that started this one, and ends with it.
 *
 * @param {Record<string, (argument: any) => unknown>} commands
 */
export function obey(commands) {
  process.on('message', async ({ command, argument }) => {
    try {
      process.send({ answer: await commands[command](argument) });
    } catch (error) {
      process.send({ error: inspect(error) });
    }
  });
  process.on('disconnect', () => process.exit());
}

/**
 * Listens on a free port of loopback.
 *
 * @returns {Promise<{ origin: string, handle: (handler: http.RequestListener) => void }>} `handle` says
 *   what requests are given to, once that knows the origin
 */
export async function listen() {
  const server = http.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    handle: (handler) => void server.on('request', handler),
  };
}

/** The fields of a form. @param {http.IncomingMessage} request @returns {Promise<Record<string, string>>} */
export async function formOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Object.fromEntries(new URLSearchParams(Buffer.concat(parts).toString()));
}

/** The routes of a server whose library has none, by path. */
export function routes(/** @type {Record<string, http.RequestListener>} */ paths) {
  return async (request, response) => {
    const { pathname } = new URL(request.url, 'http://127.0.0.1');
    const route = paths[pathname];
    try {
      if (route) await route(request, response);
      else response.writeHead(404).end();
    } catch (error) {
      response.writeHead(500).end(`${error.stack}`);
    }
  };
}
