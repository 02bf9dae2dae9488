import { once } from 'node:events';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { close } from 'tokenkeep';
import { createGoogleHandlers } from 'tokenkeep/http';
import { connectionOf } from './connection.js';
import { page } from './page.js';
import { login, userOf } from './session.js';

const handlers = createGoogleHandlers({
  userId: (_request, c) => userOf(c),
  returnTo: '/',
  onError: console.error,
});

const app = new Hono();
app.all('/auth/google/*', async (c) => (await handlers.handle(c.req.raw, c)) ?? c.notFound());
app.get('/login', login);
app.get('/', async (c) => {
  const userId = await userOf(c);
  return c.html(page(userId && (await connectionOf(userId))));
});

const port = Number(process.env.PORT ?? 3000);
const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, ({ port: taken }) => {
  console.log(`Listening on http://127.0.0.1:${taken}`);
});

async function shutDown() {
  const closed = once(server, 'close');
  server.close();
  // Requests that are under way are answered. A connection on which nothing comes is not waited for.
  const grace = setTimeout(() => server.closeAllConnections(), 5_000);
  await closed;
  clearTimeout(grace);
  // A refresh that was sent is stored before the process ends.
  await close({ timeoutMs: 25_000 });
}

process.once('SIGTERM', shutDown);
process.once('SIGINT', shutDown);
