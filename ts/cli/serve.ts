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
import { variableOf } from '../input/fields';
import { configuredInstance, configuredOptions } from './config-file';
import { type Route, checkProviders, providerRoutes, servesProviders } from './serve-providers';
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
  const { googleOauthRedirectUri } = await configuredOptions(values.schema);
  const isGoogleSet = googleOauthRedirectUri ?? variableOf('GOOGLE_OAUTH_REDIRECT_URI');
  checkSecret();
  const routes: Route[] = [];
  if (isGoogleSet || !servesProviders()) routes.push(await checkedGoogleRoutes(keep));
  if (servesProviders()) {
    await checkProviders(keep, report);
    routes.push(providerRoutes(keep, report));
  }
  const server = createServer(listener(routes));
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
function checkSecret(): void {
  if (!connectSecret()) {
    throw new ConfigurationError(
      'TOKENKEEP_CONNECT_SECRET: is not set. Make one with: npx tokenkeep keygen. Keep it secret: whoever has it can connect any user and read any token',
    );
  }
}

/** Google's routes. */
async function checkedGoogleRoutes(keep: TokenKeep): Promise<Route> {
  keep.connector.redirectUri();
  // A connect link that nobody has made is refused before the database is asked: if there is a key.
  await keep.connector.checkLink('calendar', 'none').catch((error: unknown) => {
    if (!(error instanceof AuthorizationError)) throw error;
  });
  const options = { keep, onError: report };
  const handlers = createGoogleHandlers(options);
  const instance = () => keep;
  const config = new HandlerConfig(options, instance, new GooglePlace(options, instance));
  return (path, request) => {
    if (path === '/credentials') return credentials(config, webRequest(request));
    const isKnown = Object.values(handlers.paths()).includes(path);
    return isKnown ? handlers.handle(webRequest(request)) : undefined;
  };
}

/** A listener for the first of the routes that answers. */
function listener(routes: Route[]): NodeListener {
  return listenerOf((path, request) => {
    for (const route of routes) {
      const answer = route(path, request);
      if (answer) return answer;
    }
    return undefined;
  });
}

function report(error: unknown, at?: { provider: string }): void {
  const words = wordsOf(error);
  // What is wrong with a description names the provider already.
  const isNamed = at === undefined || words.includes(at.provider);
  process.stderr.write(`tokenkeep: ${isNamed ? '' : `${at.provider}: `}${words}\n`);
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
