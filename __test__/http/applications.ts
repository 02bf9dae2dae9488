/** Applications of the frameworks that there are adapters for, each with the routes in it. */

import { createServer, type RequestListener, type Server } from 'node:http';
import { createRequire } from 'node:module';
import formbody from '@fastify/formbody';
import { getRequestListener } from '@hono/node-server';
import express from 'express';
import { type FastifyInstance, type FastifyRequest, fastify } from 'fastify';
import { type Context, Hono } from 'hono';
import {
  createGoogleHandlers,
  type GoogleHandlersOptions,
  type NodeRequest,
  toFastifyPlugin,
  toNodeListener,
} from '../../dist/http/index.js';
import { SIGNED_IN } from './scene';

/** What the handlers of an application are told. */
export interface Told extends Omit<GoogleHandlersOptions, 'userId'> {
  /** Who is signed in, by the header that the framework has found. */
  who: (header: string | string[] | undefined) => Promise<string | undefined>;
}

/** What an application answers where it is asked itself. */
export const OWN_ANSWER = 'the application';

/** A cookie that an application sets with each answer. */
export const OWN_COOKIE = 'theirs=1';

export interface Application {
  name: string;
  /** Whether its router takes `%63` for `c`. */
  decodes?: boolean;
  /** What it answers to a method that none of the routes has. */
  methodNotAllowed?: number;
  start: (told: Told) => Promise<RequestListener>;
}

const express4 = createRequire(import.meta.url)('express-4') as typeof express;

export const APPLICATIONS: Application[] = [
  { name: 'node:http', start: async (told) => plain(told) },
  { name: 'express 5', start: async (told) => expressApp(express, told) },
  {
    name: 'express 5, below a router and behind body parsers',
    start: async (told) => expressBelowRouter(express, told),
  },
  { name: 'express 4', start: async (told) => expressApp(express4, told) },
  {
    name: 'express 4, below a router and behind body parsers',
    start: async (told) => expressBelowRouter(express4, told),
  },
  {
    name: 'fastify',
    decodes: true,
    methodNotAllowed: 404,
    start: (told) => fastifyApp(async (app) => app.register(fastifyRoutes(told))),
  },
  {
    name: 'fastify, below a prefix and with formbody',
    decodes: true,
    methodNotAllowed: 404,
    start: (told) =>
      fastifyApp(async (app) => {
        await app.register(formbody);
        await app.register(fastifyRoutes(told), { prefix: '/auth' });
      }),
  },
  { name: 'hono', start: async (told) => honoApp(told) },
  { name: 'hono, below a base path', start: async (told) => honoBelowBase(told) },
];

function plain({ who, ...options }: Told): RequestListener {
  const handlers = createGoogleHandlers<NodeRequest>({
    ...options,
    userId: (_request, incoming) => who(incoming.headers[SIGNED_IN]),
  });
  const routes = toNodeListener(handlers);
  return (request, response) => {
    response.setHeader('set-cookie', OWN_COOKIE);
    routes(request, response, (error) => {
      response.statusCode = error === undefined ? 200 : 500;
      response.end(OWN_ANSWER);
    });
  };
}

function expressRoutes({ who, ...options }: Told): express.RequestHandler {
  return toNodeListener(
    createGoogleHandlers({
      ...options,
      userId: (_request, incoming: express.Request) => who(incoming.get(SIGNED_IN)),
    }),
  );
}

const ownCookie: express.RequestHandler = (_request, response, next) => {
  response.cookie(...(OWN_COOKIE.split('=') as [string, string]));
  next();
};

const ownAnswer: express.RequestHandler = (_request, response) => void response.send(OWN_ANSWER);

function expressApp(framework: typeof express, told: Told): RequestListener {
  return framework().use(ownCookie).use(expressRoutes(told)).use(ownAnswer);
}

function expressBelowRouter(framework: typeof express, told: Told): RequestListener {
  const app = framework();
  app.use(ownCookie, framework.urlencoded({ extended: false }), framework.json());
  const router = framework.Router();
  router.use('/google', expressRoutes(told));
  return app.use('/auth', router).use(ownAnswer);
}

function fastifyRoutes({ who, ...options }: Told) {
  return toFastifyPlugin(
    createGoogleHandlers({
      ...options,
      userId: (_request, incoming: FastifyRequest) => who(incoming.headers[SIGNED_IN]),
    }),
  );
}

async function fastifyApp(register: (app: FastifyInstance) => unknown): Promise<RequestListener> {
  let server: Server | undefined;
  const app = fastify({
    serverFactory: (handler) => (server = createServer(handler)),
  });
  app.addHook('onRequest', async (_request, reply) => void reply.header('set-cookie', OWN_COOKIE));
  app.setNotFoundHandler((request, reply) => {
    // Other methods of our paths are the application's, too.
    reply.code(request.method === 'GET' ? 200 : 404).send(OWN_ANSWER);
  });
  app.post('/echo', async (request) => request.body);
  await register(app);
  await app.ready();
  return (request, response) => void server?.emit('request', request, response);
}

function honoRoutes({ who, ...options }: Told) {
  const handlers = createGoogleHandlers({
    ...options,
    userId: (_request, c: Context) => who(c.req.header(SIGNED_IN)),
  });
  return async (c: Context) => (await handlers.handle(c.req.raw, c)) ?? c.text(OWN_ANSWER);
}

function honoApp(told: Told): RequestListener {
  const app = new Hono();
  app.use(honoCookie);
  return getRequestListener(app.all('*', honoRoutes(told)).fetch);
}

function honoBelowBase(told: Told): RequestListener {
  const auth = new Hono().basePath('/google').all('*', honoRoutes(told));
  const app = new Hono();
  app.use(honoCookie);
  return getRequestListener(app.route('/auth', auth).all('*', (c) => c.text(OWN_ANSWER)).fetch);
}

const honoCookie = async (c: Context, next: () => Promise<void>): Promise<void> => {
  await next();
  c.res.headers.append('set-cookie', OWN_COOKIE);
};
