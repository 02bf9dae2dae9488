/** Processes of an application, old and new, told what to call by messages. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export type Side = 'old' | 'tokenkeep';
type Answer = { value?: unknown; error?: string };

/** What a process knows of the world. */
export type Environment = Record<string, string | undefined>;

type Functions<Service> = Record<keyof Service, (...args: never[]) => unknown>;

/** One of them, which runs a script beside this file. */
export class Process<Service extends Functions<Service>> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answers: Answer[]) => void>();
  #lastId = 0;

  private constructor(
    script: string,
    readonly side: Side,
    env: Environment,
  ) {
    this.#child = fork(fileURLToPath(new URL(script, import.meta.url)), [side], {
      serialization: 'advanced',
      env: { PATH: process.env['PATH'], ...env },
    });
    this.#child.on('message', ({ id, answers }: { id: number; answers: Answer[] }) => {
      this.#waiting.get(id)?.(answers);
      this.#waiting.delete(id);
    });
  }

  static async start<Service extends Functions<Service>>(
    script: string,
    side: Side,
    env: Environment,
  ): Promise<Process<Service>> {
    const started = new Process<Service>(script, side, env);
    await new Promise<Answer[]>((resolve, reject) => {
      started.#waiting.set(0, resolve);
      started.#child.once('exit', () => reject(new Error(`a process of ${side} did not start`)));
    });
    return started;
  }

  /** What each of so many calls at once gave: a value, or `failed: …`. */
  async calls<Name extends keyof Service>(
    times: number,
    name: Name,
    ...args: Parameters<Service[Name]>
  ): Promise<unknown[]> {
    const id = ++this.#lastId;
    const answers = new Promise<Answer[]>((resolve) => this.#waiting.set(id, resolve));
    this.#child.send({ id, name, args, times });
    return (await answers).map(({ value, error }) => (error ? `failed: ${error}` : value));
  }

  /** One call. */
  async call<Name extends keyof Service>(
    name: Name,
    ...args: Parameters<Service[Name]>
  ): Promise<unknown> {
    return (await this.calls(1, name, ...args))[0];
  }

  /** Ends it. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }
}
