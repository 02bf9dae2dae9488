import { once } from 'node:events';
import express from 'express';
import { close } from 'tokenkeep';
import { createGoogleHandlers, toNodeListener } from 'tokenkeep/http';
import { connectionOf } from './connection.js';
import { page } from './page.js';
import { login, session, userOf } from './session.js';

const handlers = createGoogleHandlers({
  userId: (_request, incoming) => userOf(incoming),
  returnTo: '/',
  onError: console.error,
});

const app = express();
app.use(session);
app.use(toNodeListener(handlers));
app.get('/login', login);
app.get('/', async (request, response) => {
  const userId = userOf(request);
  response.send(page(userId && (await connectionOf(userId))));
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
await once(server, 'listening');
console.log(`Listening on http://127.0.0.1:${server.address().port}`);

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
