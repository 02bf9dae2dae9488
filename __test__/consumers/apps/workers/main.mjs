// A pool of threads that are ended in the middle of a call, again and again.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import * as gmail from 'tokenkeep/gmail';
import { connect, job } from './job/index.cjs';

const rounds = Number(process.env.JOB_WORKERS);
const { userId } = await connect(gmail);
for (let round = 0; round < rounds; round += 4) {
  await Promise.all(Array.from({ length: 4 }, (_, one) => endInMidCall(round + one)));
}
await job(gmail);

async function endInMidCall(round) {
  const worker = new Worker('./worker.mjs', { workerData: { userId } });
  const failed = once(worker, 'error').then(([error]) => assert.fail(error));
  await Promise.race([once(worker, 'message'), failed]);
  await new Promise((resolve) => setTimeout(resolve, round % 7));
  await worker.terminate();
}
