// How processes end: by themselves, in the middle of calls, and asked to by a signal.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import * as gmail from 'tokenkeep/gmail';
import { connect } from './job/index.cjs';

const runs = Number(process.env.JOB_RUNS);

/** Runs a script to its end; `asks` is done once it has said something. */
async function run(script, args = [], asks = () => {}) {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.once('data', () => asks(child));
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, signal, stdout, stderr };
}

// Each ends in another moment of a call; a crash would be a signal, or a code.
const WAYS = ['by-itself', 'exit', 'throw', 'beforeExit'];
const { userId } = await connect(gmail);
let done = 0;
const runner = async () => {
  while (done < runs) {
    const number = done++;
    const way = WAYS[number % WAYS.length];
    const ended = await run('end.mjs', [way, userId, `${number % 13}`]);
    const expected = { code: way === 'throw' ? 1 : 0, signal: null };
    assert.deepEqual({ code: ended.code, signal: ended.signal }, expected, ended.stderr);
  }
};
await Promise.all([runner(), runner()]);

// A commit is finished by an application whose SIGTERM handler awaits close().
for (let round = 0; round < Math.max(3, runs / 50); round++) {
  const one = await connect(gmail);
  const ended = await run('sigterm.mjs', [one.userId], (child) => child.kill('SIGTERM'));
  assert.deepEqual({ ...ended, stdout: '' }, { code: 0, signal: null, stdout: '', stderr: '' });
  const stored = await gmail.getGmailTokenDecrypted(one.userId);
  assert.notEqual(stored.refreshToken, one.refreshToken, 'what was rotated is stored');
}
