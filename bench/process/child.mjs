import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./main.mjs', import.meta.url));

/** @type {Set<Child>} */
const all = new Set();

/** A process with one implementation, seen from outside. */
export class Child {
  #process;
  #left;

  constructor() {
    // Its stdout goes to our stderr: ours may have to be JSON only.
    this.#process = fork(main, { stdio: ['ignore', 2, 2, 'ipc'] });
    this.#left = once(this.#process, 'exit');
    all.add(this);
  }

  /**
   * Settings go by message: arguments and environment can be read by other programs.
   *
   * @param {string} name of a peer
   * @param {{ settings: import('../peers/index.mjs').Settings, users: string[] }} argument
   */
  static async open(name, argument) {
    const child = new Child();
    await child.run('open', { name, ...argument });
    return child;
  }

  /** @param {string} task of main.mjs */
  async run(task, argument) {
    const left = this.#left.then(([code, signal]) => {
      throw new Error(`A process of the benchmark ended early (${signal ?? code})`);
    });
    this.#process.send({ task, argument });
    const [{ result, error }] = await Promise.race([once(this.#process, 'message'), left]);
    if (error) throw new Error(error);
    return result;
  }

  async close() {
    await this.run('close');
    this.#process.disconnect();
    await this.#left;
    all.delete(this);
  }

  kill() {
    this.#process.kill('SIGKILL');
  }
}

/** When something went wrong. */
export function killAll() {
  for (const child of all) child.kill();
}
