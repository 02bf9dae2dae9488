import assert from 'node:assert/strict';
import Fastify from 'fastify';
import { close } from 'tokenkeep';
import * as gmail from 'tokenkeep/gmail';
import { connect, job } from './job/index.cjs';

const app = Fastify();
app.get('/token/:userId', async (request) => {
  const { accessToken } = await gmail.getValidGmailToken(request.params.userId);
  return { accessToken };
});
app.addHook('onClose', () => close());

await job(gmail);
const { userId, accessToken } = await connect(gmail);
const { statusCode, body } = await app.inject(`/token/${userId}`);
assert.equal(statusCode, 200, body);
assert.notEqual(JSON.parse(body).accessToken, accessToken);
assert.equal((await app.inject('/token/nobody')).statusCode, 500);
await app.close();
