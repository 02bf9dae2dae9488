import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./main.mjs', import.meta.url));

/** @type {Set<Child>} */
const all = new Set();

/** A child process with one implementation. */
export class Child {
  #process;
  #left;

  constructor() {
    // Its stdout goes to stderr, because stdout may be JSON.
    this.#process = fork(main, { stdio: ['ignore', 2, 2, 'ipc'] });
    this.#left = once(this.#process, 'exit');
    all.add(this);
  }

  /**
   * Settings are sent as a message: other programs can read arguments and environment.
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
      throw new Error(`A benchmark process ended early (${signal ?? code})`);
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

/** Ends all children after a failure. */
export function killAll() {
  for (const child of all) child.kill();
}
