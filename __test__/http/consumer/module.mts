/** `tokenkeep/http` with the frameworks' own types, in a strict ES module. */

import { createServer, type IncomingMessage } from 'node:http';
import express from 'express';
import { type FastifyRequest, fastify } from 'fastify';
import { type Context, Hono } from 'hono';
import {
  createGoogleHandlers,
  type GoogleHandlers,
  toFastifyPlugin,
  toNodeListener,
} from 'tokenkeep/http';

const byHeader = createGoogleHandlers({
  userId: (request) => request.headers.get('x-user'),
  returnTo: '/',
  texts: { connected: { heading: 'Done.' } },
});

createServer(toNodeListener(byHeader));
express().use(toNodeListener(byHeader));
await fastify().register(toFastifyPlugin(byHeader));
await fastify().register(toFastifyPlugin(byHeader), { prefix: '/auth' });

const inNode = createGoogleHandlers({
  userId: (_request, incoming: IncomingMessage) => incoming.headers['x-user']?.toString(),
});
createServer(toNodeListener(inNode));
express().use(toNodeListener(inNode));

const inExpress = createGoogleHandlers({
  userId: (_request, incoming: express.Request) => incoming.get('x-user'),
});
express().use(toNodeListener(inExpress));
express.Router().use('/auth', toNodeListener(inExpress));
// @ts-expect-error Node's own requests have no `get`.
createServer(toNodeListener(inExpress));

const inFastify = createGoogleHandlers({
  userId: async (_request, incoming: FastifyRequest) => incoming.headers['x-user']?.toString(),
});
await fastify({ logger: true }).register(toFastifyPlugin(inFastify));

const inHono = createGoogleHandlers({ userId: (_request, c: Context) => c.req.header('x-user') });
new Hono().all('/auth/*', async (c) => (await inHono.handle(c.req.raw, c)) ?? c.notFound());

/** Next's route handlers. */
export const GET: (request: Request) => Promise<Response> = byHeader.connect;
export const link: Promise<string> = byHeader.linkFor('a user', { returnTo: '/calendar' });
export const wide: GoogleHandlers<FastifyRequest> = byHeader;
