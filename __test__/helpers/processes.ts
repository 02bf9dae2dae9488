/** Other processes that use tokenkeep, told what to do by messages. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import type { TokenKeepOptions } from '../../dist/index.js';

/** The path of a program in `__test__/helpers/programs`. */
export function programPath(name: string): string {
  return fileURLToPath(new URL(`programs/${name}`, import.meta.url));
}

const children = new Set<Caller>();

/** A process that asks for tokens. */
export class Caller {
  readonly child: ChildProcess = fork(programPath('caller.mjs'));
  #waiting = new Map<number, (answer: unknown) => void>();
  #lastId = 0;

  /** Starts one, with an instance of these options. */
  static async start(options: TokenKeepOptions): Promise<Caller> {
    const caller = new Caller();
    children.add(caller);
    const ready = new Promise((resolve) => caller.#waiting.set(0, resolve));
    caller.child.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
      caller.#waiting.get(id)?.(answer);
      caller.#waiting.delete(id);
    });
    await ready;
    // Not in arguments or the environment: other programs could read the keys there.
    await caller.#tell('open', { options });
    return caller;
  }

  /** The access token that each of so many concurrent callers got, or `failed: …`. */
  call(userId: string, callers = 1): Promise<string[]> {
    return this.#tell('call', { userId, callers }) as Promise<string[]>;
  }

  /** Closes its instance, after which all that it has to write is written. */
  close(): Promise<unknown> {
    return this.#tell('close', {});
  }

  /** Ends it in the middle of whatever it does. */
  async kill(): Promise<void> {
    children.delete(this);
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }

  #tell(command: string, args: object): Promise<unknown> {
    const id = ++this.#lastId;
    const answer = new Promise((resolve) => this.#waiting.set(id, resolve));
    this.child.send({ id, command, ...args });
    return answer;
  }
}

/** Ends every process that a test has started, after the test. */
export function endCallersAfterEach(): void {
  afterEach(() => Promise.all([...children].map((caller) => caller.kill())));
}
