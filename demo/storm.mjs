import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { DemoError } from './build.mjs';

const callerFile = fileURLToPath(new URL('./caller.mjs', import.meta.url));

/**
 * Starts processes that all ask for one user's token in the same moment.
 *
 * @param {{ processes: number, callers: number, userId: string, options: object }} storm callers
 *   of each process; options of createTokenKeep
 * @param {(cleanup: () => void | Promise<void>) => void} defer
 */
export async function prepareStorm({ processes, callers, userId, options }, defer) {
  const children = Array.from({ length: processes }, () => forkCaller(defer));
  // Not in arguments or the environment: other programs could read the keys there.
  for (const child of children) child.send({ prepare: { callers, userId, options } });
  await Promise.all(children.map(reply));

  /** @returns {Promise<{ waitsMs: number[], distinct: number }>} */
  return async function start() {
    const replies = Promise.all(children.map(reply));
    for (const child of children) child.send({ go: true });
    /** @type {import('./caller.mjs').Answers[]} */
    const answers = await replies;
    const failures = answers.flatMap((answer) => answer.failures);
    if (failures.length > 0) {
      throw new DemoError(`${failures.length} callers got no token. The first: ${failures[0]}`);
    }
    return {
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
