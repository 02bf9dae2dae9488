/** For `node:http`, Express and whatever else has Node's own requests. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GoogleHandlers } from './handlers';

/** Node's request, as Express extends it. */
export type NodeRequest = IncomingMessage & { originalUrl?: string };

/** Node's listener, or a middleware. */
export type NodeListener<Incoming extends NodeRequest = NodeRequest> = (
  request: Incoming,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/**
 * A listener for `http.createServer`, or a middleware for Express: other paths are `next`'s, or 404.
 * `userId` gets Node's request as its context.
 * @throws {ConfigurationError} without `GOOGLE_OAUTH_REDIRECT_URI`
 */
export function toNodeListener<Incoming extends NodeRequest>(
  handlers: GoogleHandlers<Incoming>,
): NodeListener<Incoming> {
  // What is missing is said where it is mounted, not to every request of the application.
  handlers.paths();
  return listenerOf((path, request) =>
    Object.values(handlers.paths()).includes(path)
      ? handlers.handle(webRequest(request), request)
      : undefined,
  );
}

/** A listener that answers what `route` answers; `undefined` at once for a path that is not its own. */
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
    // Not inside of what catches: an error of the application is not ours.
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
 * Path and query as the client wrote them, also where Express has cut off where a router is mounted,
 * and where the client named the server, too (RFC 9112, section 3.2.2).
 */
function urlOf({ originalUrl, url }: NodeRequest): string {
  return (originalUrl ?? url ?? '/').replace(/^https?:\/\/[^/?]*/i, '');
}

/** What a `Request` cannot be made with (Fetch, "forbidden method"). */
const FORBIDDEN_METHODS = ['CONNECT', 'TRACE', 'TRACK'];

/** Without its body, which none of the routes needs. Host and scheme are not looked at. */
export function webRequest(request: NodeRequest): Request {
  const headers = new Headers();
  const { rawHeaders, method = 'GET' } = request;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    // HTTP/2 has method and path among the headers.
    if (!name.startsWith(':')) headers.append(name, rawHeaders[at + 1] ?? '');
  }
  // To every route one is as wrong as the other.
  const said = FORBIDDEN_METHODS.includes(method) ? 'OPTIONS' : method;
  return new Request(`http://localhost${urlOf(request)}`, { method: said, headers });
}

async function send(answered: Response, response: ServerResponse): Promise<void> {
  const cookies = answered.headers.getSetCookie();
  response.statusCode = answered.status;
  answered.headers.forEach((value, name) => {
    if (name !== 'set-cookie') response.setHeader(name, value);
  });
  // Beside those of the application.
  if (cookies.length > 0) response.appendHeader('set-cookie', cookies);
  response.end(await answered.text());
}
