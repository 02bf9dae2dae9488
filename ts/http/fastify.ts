/** The adapter for Fastify. */

import type { IncomingMessage } from 'node:http';
import { ConfigurationError } from '../errors/errors';
import type { ConnectHandlers } from './connect-handlers';
import type { GoogleHandlers, Handler, Handlers } from './handlers';
import { webRequest } from './node';

/** The part of Fastify's request that the plugin uses. */
export interface FastifyRequestLike {
  raw: IncomingMessage;
}

interface FastifyReplyLike {
  code(status: number): unknown;
  header(name: string, value: unknown): unknown;
  send(body: string): unknown;
}

/** The part of the Fastify instance that the plugin uses. */
export interface FastifyLike {
  prefix: string;
  /** Registers a plugin in a scope of its own. */
  register(plugin: (fastify: any) => Promise<void>): unknown;
  /** Removes all body parsers. */
  removeAllContentTypeParsers(): unknown;
  /** Adds a body parser for a content type. */
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

/** A plugin with the three routes. `userId` receives Fastify's request as its context. */
export function toFastifyPlugin<Context extends FastifyRequestLike>(
  handlers: GoogleHandlers<Context>,
): (fastify: FastifyLike) => Promise<void>;
export function toFastifyPlugin<Context extends FastifyRequestLike>(
  handlers: ConnectHandlers<Context>,
): (fastify: FastifyLike) => Promise<void>;
export function toFastifyPlugin<Context extends FastifyRequestLike>(
  handlers: Handlers<Context>,
): (fastify: FastifyLike) => Promise<void> {
  const routes = async (fastify: FastifyLike): Promise<void> => {
    // No route reads a body, so every content type is accepted and discarded.
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser('*', async (_request, payload) => void payload.resume());
    for (const [name, path] of Object.entries(handlers.paths())) {
      const handle = handlers[name as 'connect' | 'callback' | 'disconnect'];
      const handler = (request: Context, reply: FastifyReplyLike) => answer(handle, request, reply);
      const url = withoutPrefix(fastify.prefix, path);
      fastify.route({ method: ['GET', 'POST'], url, handler });
    }
  };
  // In a scope of its own, so that the application keeps its parsers.
  return async (fastify) => void fastify.register(routes);
}

/** The path without the prefix, which Fastify adds itself. */
function withoutPrefix(prefix: string, path: string): string {
  const before = prefix.replace(/\/$/, '');
  if (path.startsWith(`${before}/`)) return path.slice(before.length);
  const isGoogle = !path.endsWith('/:provider');
  const option = isGoogle ? 'GOOGLE_OAUTH_REDIRECT_URI' : 'TOKENKEEP_CONNECT_URL';
  throw new ConfigurationError(
    `${option}: ${path} is not below ${prefix}, the prefix with which the plugin is registered`,
    { option },
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
