// Memory stays where it is, however many calls are made.
import assert from 'node:assert/strict';
import * as gmail from 'tokenkeep/gmail';
import { connect, job } from './job/index.cjs';

const MEGABYTE = 1 << 20;
const calls = Number(process.env.JOB_CALLS);
const callers = 64;
await job(gmail);
const { userId } = await connect(gmail);

async function ask(count) {
  let left = count;
  const caller = async () => {
    while (left-- > 0) {
      await gmail.getValidGmailToken(userId);
      if (left % 100 === 0) await gmail.getValidGmailToken('nobody').catch(() => {});
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  global.gc();
  return process.memoryUsage.rss();
}

await ask(calls / 5);
const before = await ask(calls / 5);
const after = await ask((calls * 3) / 5);
const grown = (after - before) / MEGABYTE;
console.log(`${calls} calls; ${grown.toFixed(1)} MB more after the last ${(calls * 3) / 5}`);
assert.ok(grown < 16, `grew by ${grown} MB`);
