import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('caller.mjs', import.meta.url));

/** A process that calls for tokens. It exits with this one. */
export class Process {
  // Its stdout goes to our stderr: ours may have to be JSON only.
  #child = fork(file, { stdio: ['ignore', 2, 2, 'ipc'] });
  #exited = once(this.#child, 'exit');
  #waiting = new Map();
  #lastId = 0;

  /**
   * Starts one, with an instance of these options: not in arguments or the environment, where other
   * programs could read the keys.
   *
   * @param {import('tokenkeep').TokenKeepOptions} options
   */
  static async start(options) {
    const started = new Process();
    const ready = started.#answerTo(0);
    started.#child.on('message', ({ id, answer }) => started.#waiting.get(id)?.(answer));
    await ready;
    await started.#tell('open', options);
    return started;
  }

  get pid() {
    return this.#child.pid;
  }

  /**
   * One call a user, all at once.
   *
   * @param {string[]} users
   * @returns {Promise<import('./call.mjs').Answer[]>}
   */
  call(users) {
    return this.#tell('call', users);
  }

  /**
   * Calls until each has a token, or is disconnected.
   *
   * @param {string[]} users
   * @returns {Promise<import('./call.mjs').Outcome[]>}
   */
  settle(users) {
    return this.#tell('settle', users);
  }

  /** Ends it in the middle of whatever it does. What was asked of it stays unanswered. */
  async kill() {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** Stops it in the middle of whatever it does, until it is continued. */
  async pause() {
    this.#child.kill('SIGSTOP');
    while (!(await isStopped(this.pid))) await turn();
  }

  resume() {
    this.#child.kill('SIGCONT');
  }

  /** Lets it finish its work first. @returns {Promise<boolean>} whether it could */
  async close(options = {}) {
    const isDone = await this.#tell('close', options);
    this.#child.disconnect();
    await this.#exited;
    return isDone;
  }

  #tell(command, argument) {
    const id = ++this.#lastId;
    const answer = this.#answerTo(id);
    this.#child.send({ id, command, argument });
    return answer;
  }

  #answerTo(id) {
    return new Promise((resolve) => this.#waiting.set(id, resolve)).finally(() =>
      this.#waiting.delete(id),
    );
  }
}

/** Whether every thread stands still: one takes the signal, and the others run on until it has. */
async function isStopped(pid) {
  const threads = await readdir(`/proc/${pid}/task`);
  const states = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/status`, 'utf8')),
  );
  return states.every((status) => /^State:\s+T/m.test(status));
}
