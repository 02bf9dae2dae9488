/** For Fastify. */

import type { IncomingMessage } from 'node:http';
import type { GoogleHandlers } from './handlers';
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

interface FastifyLike {
  hasContentTypeParser(contentType: string): boolean;
  addContentTypeParser(
    contentType: string,
    parser: (request: unknown, payload: NodeJS.ReadableStream) => Promise<void>,
  ): unknown;
  route(options: {
    method: string[];
    url: string;
    handler: (request: never, reply: never) => Promise<unknown>;
  }): unknown;
}

const FORM = 'application/x-www-form-urlencoded';

/** A plugin with the three routes. `userId` gets Fastify's request as its context. */
export function toFastifyPlugin<Context extends FastifyRequestLike>(
  handlers: GoogleHandlers<Context>,
): (fastify: FastifyLike) => Promise<void> {
  return async (fastify) => {
    // The button's form is empty, but it has a type.
    if (!fastify.hasContentTypeParser(FORM)) {
      fastify.addContentTypeParser(FORM, async (_request, payload) => void payload.resume());
    }
    for (const url of Object.values(handlers.paths())) {
      const handler = (request: Context, reply: FastifyReplyLike) =>
        answer(handlers, request, reply);
      fastify.route({ method: ['GET', 'POST'], url, handler: handler as never });
    }
  };
}

async function answer<Context extends FastifyRequestLike>(
  handlers: GoogleHandlers<Context>,
  request: Context,
  reply: FastifyReplyLike,
): Promise<unknown> {
  const answered = await handlers.handle(webRequest(request.raw), request);
  if (!answered) return reply.code(404) && reply.send('');
  reply.code(answered.status);
  answered.headers.forEach((value, name) => {
    if (name !== 'set-cookie') reply.header(name, value);
  });
  const cookies = answered.headers.getSetCookie();
  if (cookies.length > 0) reply.header('set-cookie', cookies);
  return reply.send(await answered.text());
}
