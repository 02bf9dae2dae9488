/** A Node process that answers commands, one after the other. */
import { fork } from 'node:child_process';
import { once } from 'node:events';

/** @typedef {Awaited<ReturnType<typeof startNode>>} NodeProcess */

/**
 * Starts a script that answers each `{ command, argument }` with `{ answer }` or `{ error }`. It ends with
 * this process, whose `disconnect` it must obey.
 *
 * @param {string} file
 * @param {{ cwd?: string }} [options]
 */
export async function startNode(file, { cwd } = {}) {
  // Its stdout goes to our stderr: ours may have to be JSON only.
  const child = fork(file, { cwd, stdio: ['ignore', 2, 2, 'ipc'] });
  const exited = once(child, 'exit');
  const left = exited.then(([code, signal]) => {
    throw new Error(`${file} ended: ${signal ?? code}`);
  });
  left.catch(() => {});
  return {
    pid: child.pid,
    /** @param {string} command @param {unknown} [argument] @returns {Promise<any>} */
    async tell(command, argument) {
      const answered = once(child, 'message');
      child.send({ command, argument });
      const [{ answer, error }] = await Promise.race([answered, left]);
      if (error) throw new Error(`${command}: ${error}`);
      return answer;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
