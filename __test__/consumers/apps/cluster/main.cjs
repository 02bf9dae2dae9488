// Four processes of one application want the same token at once: the provider is asked once.
const assert = require('node:assert/strict');
const cluster = require('node:cluster');
const { once } = require('node:events');
const gmail = require('tokenkeep/gmail');
const { connect, job } = require('./job/index.cjs');

if (cluster.isPrimary) void main();
else void worker();

async function main() {
  const { userId } = await connect(gmail);
  const workers = Array.from({ length: 4 }, () => cluster.fork({ JOB_USER: userId }));
  await Promise.all(workers.map((one) => once(one, 'message')));
  const answers = workers.map((one) => once(one, 'message'));
  for (const one of workers) one.send('ask');
  const tokens = new Set((await Promise.all(answers)).map(([token]) => token));
  assert.equal(tokens.size, 1);
  const ends = workers.map((one) => once(one, 'exit'));
  for (const one of workers) one.disconnect();
  for (const [code, signal] of await Promise.all(ends)) assert.deepEqual([code, signal], [0, null]);
}

async function worker() {
  await job(gmail);
  process.once('message', async () => {
    const { accessToken } = await gmail.getValidGmailToken(process.env.JOB_USER);
    process.send(accessToken);
  });
  process.send('ready');
}
