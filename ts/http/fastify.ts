/** For Fastify. */

import type { IncomingMessage } from 'node:http';
import { ConfigurationError } from '../errors/errors';
import type { GoogleHandlers, Handler } from './handlers';
import { webRequest } from './node';

/** What is needed of Fastify's request. */
export interface FastifyRequestLike {
  raw: IncomingMessage;
}

interface FastifyReplyLike {
  code(status: number): unknown;
  header(name: string, value: unknown): unknown;
  send(body: string): unknown;
}

/** What is needed of Fastify itself. */
export interface FastifyLike {
  prefix: string;
  /** Takes a plugin with a scope of its own. */
  register(plugin: (fastify: any) => Promise<void>): unknown;
  /** Has it parse no body. */
  removeAllContentTypeParsers(): unknown;
  /** Has bodies of a type parsed. */
  addContentTypeParser(
    contentType: string,
    parser: (request: unknown, payload: NodeJS.ReadableStream) => Promise<void>,
  ): unknown;
  /** Adds a route. */
  route(options: {
    method: string[];
    url: string;
    handler: (request: any, reply: any) => Promise<unknown>;
  }): unknown;
}

/** A plugin with the three routes. `userId` gets Fastify's request as its context. */
export function toFastifyPlugin<Context extends FastifyRequestLike>(
  handlers: GoogleHandlers<Context>,
): (fastify: FastifyLike) => Promise<void> {
  const routes = async (fastify: FastifyLike): Promise<void> => {
    // No route needs a body: none is too strange, as nowhere else.
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser('*', async (_request, payload) => void payload.resume());
    for (const [name, path] of Object.entries(handlers.paths())) {
      const handle = handlers[name as 'connect' | 'callback' | 'disconnect'];
      const handler = (request: Context, reply: FastifyReplyLike) => answer(handle, request, reply);
      const url = below(fastify.prefix, path);
      fastify.route({ method: ['GET', 'POST'], url, handler });
    }
  };
  // In a context of its own, however it is registered: the application's parsers stay.
  return async (fastify) => void fastify.register(routes);
}

/** The path as Fastify wants it, which puts the prefix in front. */
function below(prefix: string, path: string): string {
  const before = prefix.replace(/\/$/, '');
  if (path.startsWith(`${before}/`)) return path.slice(before.length);
  throw new ConfigurationError(
    `GOOGLE_OAUTH_REDIRECT_URI: ${path} is not below the prefix ${prefix} that the plugin is registered with`,
  );
}

async function answer<Context extends FastifyRequestLike>(
  handle: Handler<Context>,
  request: Context,
  reply: FastifyReplyLike,
): Promise<unknown> {
  const answered = await handle(webRequest(request.raw), request);
  reply.code(answered.status);
  answered.headers.forEach((value, name) => {
    if (name !== 'set-cookie') reply.header(name, value);
  });
  const cookies = answered.headers.getSetCookie();
  if (cookies.length > 0) reply.header('set-cookie', cookies);
  return reply.send(await answered.text());
}
