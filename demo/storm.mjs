import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { DemoError } from './build.mjs';

const callerFile = fileURLToPath(new URL('./caller.mjs', import.meta.url));

/**
 * @typedef {object} Outcome
 * @property {string[]} failures what callers got in the place of a token
 * @property {{ answered: number, lastAnswerMs: number }[]} byProcess how many of its callers got a token,
 *   and when the last of them had its answer
 * @property {number} startedAt by `performance.now()`
 * @property {number[]} waitsMs of all callers, in ascending order
 * @property {number} distinct how many tokens they got
 */

/**
 * Starts processes that all ask for one user's token in the same moment.
 *
 * @param {{ service?: 'tokenkeep' | 'handWritten', processes: number, callers: number, userId: string,
 *   options: object }} storm callers of each process; options of createTokenKeep
 * @param {(cleanup: () => void | Promise<void>) => void} defer
 */
export async function prepareStorm(storm, defer) {
  const { service = 'tokenkeep', processes, callers, userId, options } = storm;
  const children = Array.from({ length: processes }, () => forkCaller(defer));
  // Not in arguments or the environment: other programs could read the keys there.
  for (const child of children) child.send({ prepare: { service, callers, userId, options } });
  await Promise.all(children.map(reply));

  /** @returns {Promise<Outcome>} */
  return async function start() {
    const startedAt = performance.now();
    const replies = Promise.all(children.map(reply));
    for (const child of children) child.send({ go: true });
    /** @type {import('./caller.mjs').Answers[]} */
    const answers = await replies;
    return {
      failures: answers.flatMap((answer) => answer.failures),
      byProcess: answers.map(({ waitsMs, failures }) => ({
        answered: waitsMs.length - failures.length,
        lastAnswerMs: Math.round(Math.max(...waitsMs)),
      })),
      startedAt,
      waitsMs: answers.flatMap((answer) => answer.waitsMs).sort((a, b) => a - b),
      distinct: new Set(answers.flatMap((answer) => answer.digests)).size,
    };
  };
}

function forkCaller(defer) {
  // Its stdout goes to our stderr: ours may have to be JSON only.
  const child = fork(callerFile, { stdio: ['ignore', 2, 2, 'ipc'] });
  defer(() => void child.kill('SIGKILL'));
  return child;
}

async function reply(child) {
  const left = once(child, 'exit').then(([code, signal]) => {
    throw new DemoError(`A process of callers ended early (${signal ?? code}).`);
  });
  const [message] = await Promise.race([once(child, 'message'), left]);
  return message;
}
