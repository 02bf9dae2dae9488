/** A server as a program of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

const STARTS_WITHIN_MS = 120_000;
const STOPS_WITHIN_MS = 5_000;
const OUTPUT_MAX = 20_000;

/** What must not outlive this process. @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
// A signal alone would end this process without that event.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/**
 * Starts a program, and waits until an URL answers, whatever it answers.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {object} options
 * @param {string} options.url
 * @param {string} [options.cwd]
 * @param {Record<string, string>} [options.env] in addition to this process's own
 */
export async function startProgram(command, args, { url, cwd, env = {} }) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output = `${output}${text}`.slice(-OUTPUT_MAX);
    });
  }
  let ended;
  child.on('error', (error) => (ended = error.message));
  const exited = once(child, 'exit').then(
    ([code, signal]) => (ended = `${signal ?? code}`),
    () => {},
  );

  const stop = async () => {
    running.delete(child);
    if (ended !== undefined) return;
    child.kill('SIGTERM');
    const tooLate = AbortSignal.timeout(STOPS_WITHIN_MS);
    tooLate.addEventListener('abort', () => child.kill('SIGKILL'));
    await exited;
  };
  const began = performance.now();
  while (!(await answers(url))) {
    const isLate = performance.now() - began > STARTS_WITHIN_MS;
    if (ended === undefined && !isLate) {
      await sleep(100);
      continue;
    }
    await stop();
    throw new Error(`${command} ${args.join(' ')}: ${ended ?? 'does not answer'}\n${output}`);
  }
  return {
    pid: child.pid,
    /** The end of what it has printed. */
    output: () => output,
    stop,
  };
}

async function answers(url) {
  try {
    const response = await fetch(url, { redirect: 'manual' });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}
