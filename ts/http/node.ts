/** The adapter for `node:http`, Express and other frameworks that pass Node's own requests. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ConnectHandlers } from './connect-handlers';
import type { GoogleHandlers, Handlers } from './handlers';

/** Node's request, as Express extends it. */
export type NodeRequest = IncomingMessage & { originalUrl?: string };

/** Node's listener, or a middleware. */
export type NodeListener<Incoming extends NodeRequest = NodeRequest> = (
  request: Incoming,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/**
 * A listener for `http.createServer`, or middleware for Express. For other paths it calls `next`, or
 * responds with 404. `userId` receives Node's request as its context.
 * @throws {ConfigurationError} without the address of the routes
 */
export function toNodeListener<Incoming extends NodeRequest>(
  handlers: GoogleHandlers<Incoming>,
): NodeListener<Incoming>;
// One signature for each: TypeScript infers the context of a call in the argument from the very same type.
export function toNodeListener<Incoming extends NodeRequest>(
  handlers: ConnectHandlers<Incoming>,
): NodeListener<Incoming>;
export function toNodeListener<Incoming extends NodeRequest>(
  handlers: Handlers<Incoming>,
): NodeListener<Incoming> {
  // Report a missing setting when the listener is mounted, not at every request.
  handlers.paths();
  return listenerOf((path, request) =>
    handlers.serves(path) ? handlers.handle(webRequest(request), request) : undefined,
  );
}

/** A listener for `route`, which returns `undefined` for a path that it does not serve. */
export function listenerOf<Incoming extends NodeRequest>(
  route: (path: string, request: Incoming) => Promise<Response | undefined> | undefined,
): NodeListener<Incoming> {
  return (request, response, next) => {
    const fail = (error: unknown): void => {
      if (next) return next(error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    };
    let answer;
    try {
      answer = route(urlOf(request).split('?', 1)[0] ?? '', request);
    } catch (error) {
      return fail(error);
    }
    // Outside the try block: an error that `next` throws belongs to the application.
    if (!answer) return pass(response, next);
    answer
      .then((answered) => (answered ? send(answered, response) : pass(response, next)))
      .catch(fail);
  };
}

function pass(response: ServerResponse, next: (() => void) | undefined): void {
  if (next) return next();
  response.writeHead(404).end();
}

/**
 * Path and query as the client sent them: Express removes a router's mount path from `url`, and a client
 * may send an absolute URL (RFC 9112, section 3.2.2).
 */
function urlOf({ originalUrl, url }: NodeRequest): string {
  return (originalUrl ?? url ?? '/').replace(/^https?:\/\/[^/?]*/i, '');
}

/** Methods that the constructor of `Request` rejects (Fetch, "forbidden method"). */
const FORBIDDEN_METHODS = ['CONNECT', 'TRACE', 'TRACK'];

/** Node's request as a `Request` without a body: no route reads body, host or scheme. */
export function webRequest(request: NodeRequest): Request {
  const headers = new Headers();
  const { method = 'GET' } = request;
  // Serverless adapters leave rawHeaders empty.
  for (const [name, value] of Object.entries(request.headers)) {
    // HTTP/2 sends method and path as headers.
    if (name.startsWith(':') || value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, one);
  }
  // Every route rejects OPTIONS, too.
  const allowedMethod = FORBIDDEN_METHODS.includes(method) ? 'OPTIONS' : method;
  return new Request(`http://localhost${urlOf(request)}`, { method: allowedMethod, headers });
}

async function send(answered: Response, response: ServerResponse): Promise<void> {
  const cookies = answered.headers.getSetCookie();
  response.statusCode = answered.status;
  answered.headers.forEach((value, name) => {
    if (name !== 'set-cookie') response.setHeader(name, value);
  });
  // Keep the application's own cookies.
  if (cookies.length > 0) response.appendHeader('set-cookie', cookies);
  response.end(await answered.text());
}
