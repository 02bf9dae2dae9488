import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { DemoError } from './build.mjs';

const callerFile = fileURLToPath(new URL('./caller.mjs', import.meta.url));

/**
 * @typedef {object} Outcome
 * @property {string[]} failures errors of callers that got no token
 * @property {{ answered: number, lastAnswerMs: number }[]} byProcess the number of its callers that got a
 *   token, and the time of the last response
 * @property {number} startedAt by `performance.now()`
 * @property {number[]} waitsMs of all callers, in ascending order
 * @property {number} distinct the number of different tokens
 */

/**
 * Starts processes that all request one user's token at the same time.
 *
 * @param {{ service?: 'tokenkeep' | 'handWritten', processes: number, callers: number, userId: string,
 *   options: object }} storm callers of each process; options of createTokenKeep
 * @param {(cleanup: () => void | Promise<void>) => void} defer
 */
export async function prepareStorm(storm, defer) {
  const { service = 'tokenkeep', processes, callers, userId, options } = storm;
  const children = Array.from({ length: processes }, () => forkCaller(defer));
  // Sent as a message: other programs could read keys in arguments or the environment.
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
  // Its stdout goes to stderr, because stdout may be JSON.
  const child = fork(callerFile, { stdio: ['ignore', 2, 2, 'ipc'] });
  defer(() => void child.kill('SIGKILL'));
  return child;
}

async function reply(child) {
  const left = once(child, 'exit').then(([code, signal]) => {
    throw new DemoError(`A caller process ended early (${signal ?? code}).`);
  });
  const [message] = await Promise.race([once(child, 'message'), left]);
  return message;
}
