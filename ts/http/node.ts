/** For `node:http`, Express and whatever else has Node's own requests. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GoogleHandlers } from './handlers';

/** Node's request, as Express extends it. */
export type NodeRequest = IncomingMessage & { originalUrl?: string };

/** Node's listener, or a middleware. */
export type NodeListener = (
  request: NodeRequest,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/**
 * A listener for `http.createServer`, or a middleware for Express: other paths are `next`'s, or 404.
 * `userId` gets Node's request as its context.
 */
export function toNodeListener(handlers: GoogleHandlers<NodeRequest>): NodeListener {
  return listenerOf((path, request) =>
    Object.values(handlers.paths()).includes(path)
      ? handlers.handle(webRequest(request), request)
      : undefined,
  );
}

/** A listener that answers what `route` answers. */
export function listenerOf(
  route: (path: string, request: NodeRequest) => Promise<Response | undefined> | undefined,
): NodeListener {
  return (request, response, next) => {
    const answer = async (): Promise<void> => {
      const answered = await route(urlOf(request).split('?', 1)[0] ?? '', request);
      if (answered) return send(answered, response);
      if (next) return next();
      response.writeHead(404).end();
    };
    answer().catch((error: unknown) => {
      if (next) return next(error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  };
}

/** The URL as the client wrote it, also where Express has cut off where a router is mounted. */
function urlOf({ originalUrl, url }: NodeRequest): string {
  return originalUrl ?? url ?? '/';
}

/** Without its body, which none of the routes needs. Host and scheme are not looked at. */
export function webRequest(request: NodeRequest): Request {
  const headers = new Headers();
  const { rawHeaders, method = 'GET' } = request;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '');
  }
  return new Request(`http://localhost${urlOf(request)}`, { method, headers });
}

async function send(answered: Response, response: ServerResponse): Promise<void> {
  const cookies = answered.headers.getSetCookie();
  response.statusCode = answered.status;
  answered.headers.forEach((value, name) => {
    if (name !== 'set-cookie') response.setHeader(name, value);
  });
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  response.end(await answered.text());
}
