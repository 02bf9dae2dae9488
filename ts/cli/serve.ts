/** `tokenkeep serve`: the routes with which users connect, for programs that are not Node. */

import { once } from 'node:events';
import { type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { wordsOf } from '../bridge/callbacks';
import { AuthorizationError, ConfigurationError } from '../errors/errors';
import { credentials } from '../http/credentials';
import { createGoogleHandlers } from '../http/handlers';
import { type NodeListener, listenerOf, webRequest } from '../http/node';
import { GooglePlace } from '../http/google-place';
import { HandlerConfig, connectSecret } from '../http/config';
import type { TokenKeep } from '../instance/instance';
import { configuredInstance } from './config-file';
import { UsageError } from './usage';

interface Values {
  host: string;
  port: string;
  schema: string | undefined;
  json: boolean | undefined;
}

/** Serves until SIGTERM or SIGINT; then finishes the requests that are in progress. */
export async function serve(values: Values): Promise<void> {
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535) {
    throw new UsageError('--port must be a whole number from 0 to 65535');
  }
  const keep = await configuredInstance(values.schema);
  await checkSettings(keep);
  const server = createServer(listener(keep));
  server.listen(port, values.host);
  await once(server, 'listening');
  const { port: taken } = server.address() as AddressInfo;
  const host = values.host.includes(':') ? `[${values.host}]` : values.host;
  const url = `http://${host}:${taken}`;
  process.stdout.write(values.json ? `${JSON.stringify({ url })}\n` : `Listening on ${url}\n`);
  await stopped(server);
  await keep.close();
}

/** A missing setting fails at the start, not at the first request. */
async function checkSettings({ connector }: TokenKeep): Promise<void> {
  if (!connectSecret()) {
    throw new ConfigurationError(
      'TOKENKEEP_CONNECT_SECRET: is not set. Make one with: npx tokenkeep keygen. Keep it secret: whoever has it can connect any user and read any token',
    );
  }
  connector.redirectUri();
  // A connect link that nobody has made is refused before the database is asked: if there is a key.
  await connector.checkLink('calendar', 'none').catch((error: unknown) => {
    if (!(error instanceof AuthorizationError)) throw error;
  });
}

function listener(keep: TokenKeep): NodeListener {
  const options = { keep, onError: report };
  const handlers = createGoogleHandlers(options);
  const instance = () => keep;
  const config = new HandlerConfig(options, instance, new GooglePlace(options, instance));
  return listenerOf((path, request) => {
    if (path === '/credentials') return credentials(config, webRequest(request));
    const isKnown = Object.values(handlers.paths()).includes(path);
    return isKnown ? handlers.handle(webRequest(request)) : undefined;
  });
}

function report(error: unknown): void {
  process.stderr.write(`tokenkeep: ${wordsOf(error)}\n`);
}

/** How long requests that are under way may go on after a signal: longer than a call waits for one. */
const GRACE_MS = 30_000;

/** Resolves when a signal came and no request is under way any more. */
async function stopped(server: Server): Promise<void> {
  const underWay = new Set<ServerResponse>();
  let isStopping = false;
  // Node counts a connection that has never sent a request among those that are not idle.
  const closeUnused = (): void => {
    if (isStopping && underWay.size === 0) server.closeAllConnections();
  };
  // Else a client that keeps its connection is served on it for as long as another request takes.
  const askToClose = (response: ServerResponse): void => {
    if (!response.headersSent) response.setHeader('connection', 'close');
  };
  server.prependListener('request', (_, response: ServerResponse) => {
    if (isStopping) askToClose(response);
    underWay.add(response);
    response.once('close', () => {
      underWay.delete(response);
      closeUnused();
    });
  });
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  isStopping = true;
  underWay.forEach(askToClose);
  const closed = once(server, 'close');
  server.close();
  closeUnused();
  const grace = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  await closed;
  clearTimeout(grace);
}
