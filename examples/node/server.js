import { createServer } from 'node:http';
import { createConnectHandlers, toNodeListener } from 'tokenkeep/http';
import { connectionStatus } from 'tokenkeep/integration';
import { answer } from './page.js';
import { userOf } from './session.js';
import { stopOnSignals } from './shut-down.js';

const scopes = {
  google: ['https://www.googleapis.com/auth/calendar.readonly'],
  hubspot: ['oauth', 'crm.objects.contacts.read'],
  microsoft: ['User.Read', 'Mail.Read'],
};
const handlers = createConnectHandlers({
  scopes,
  userId: (_request, incoming) => userOf(incoming),
  returnTo: '/',
  onError: console.error,
});
const routes = toNodeListener(handlers);
const statusOf = async (userId, name) => [name, await connectionStatus(userId, name)];
const connectionsOf = (userId) =>
  Promise.all(Object.keys(scopes).map((name) => statusOf(userId, name)));
const server = createServer((request, response) =>
  routes(request, response, (error) => answer(request, response, error, connectionsOf)),
);
stopOnSignals(server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1'));
