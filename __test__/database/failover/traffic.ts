/** Processes with constant reads and refreshes. */

import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { TokenKeepOptions } from '../../../dist/index.js';

/** What one call came to, by the clock that all processes share. */
export interface Call {
  kind: 'read' | 'refresh';
  user: string;
  began: number;
  ended: number;
  /** Of the token that it gave. */
  refreshToken?: string;
  code?: string;
  retryable?: boolean;
  message?: string;
}

/** What a process does from its beginning to its end. */
export interface Plan {
  options: TokenKeepOptions;
  /** Users of whom each has a loop that reads. */
  readers: string[];
  /** Users of whom each has a loop that refreshes. */
  refreshers: string[];
}

const file = fileURLToPath(new URL('worker.mjs', import.meta.url));

/** One of them. */
export class Traffic {
  readonly #child: ChildProcess = fork(file);
  readonly #events = new EventEmitter();
  #hasFailed = false;

  private constructor() {
    this.#child.on('message', (message: { failed?: Call; answer?: unknown }) => {
      if (message.failed) this.#hasFailed = true;
      this.#events.emit(message.failed ? 'failed' : 'answer', message.answer);
    });
  }

  /** Starts one. */
  static async begin(plan: Plan): Promise<Traffic> {
    const traffic = new Traffic();
    await traffic.#tell('begin', plan);
    return traffic;
  }

  /** Ends when a call of it has failed. */
  async failure(): Promise<void> {
    if (!this.#hasFailed) await once(this.#events, 'failed');
  }

  /** Lets it end what is under way: all its calls, and whether everything ended that was begun. */
  async end(): Promise<{ calls: Call[]; ended: boolean }> {
    const answer = (await this.#tell('end')) as { calls: Call[]; ended: boolean };
    this.#child.disconnect();
    await once(this.#child, 'exit');
    return answer;
  }

  /** Whatever it does. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async #tell(command: string, argument?: Plan): Promise<unknown> {
    const answer = once(this.#events, 'answer');
    this.#child.send({ command, argument });
    return (await answer)[0];
  }
}
