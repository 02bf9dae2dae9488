/** Processes of an application, old and new, on one database. */

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type * as Gmail from '../../dist/gmail.js';

const FILE = fileURLToPath(new URL('process.mjs', import.meta.url));

type Functions = Pick<
  typeof Gmail,
  | 'upsertGmailTokens'
  | 'getGmailTokenDecrypted'
  | 'deleteGmailTokens'
  | 'hasActiveGmailConnection'
  | 'getValidGmailToken'
>;

/** What a process tells: the outcome of a call, or a call that was refused the lock. */
interface Message {
  id: number;
  value?: unknown;
  error?: string;
  refused?: number;
}

export class Member {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (message: Message) => void>();
  readonly #exited: Promise<void>;
  #lastId = 0;
  /** Calls of the old service that were refused the lock at least once. */
  readonly refused = new Set<number>();

  private constructor(
    readonly side: 'old' | 'tokenkeep',
    env: Record<string, string>,
  ) {
    this.#child = fork(FILE, [side], {
      serialization: 'advanced',
      env: { ...process.env, ...env },
    });
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()));
  }

  static async start(side: 'old' | 'tokenkeep', env: Record<string, string>): Promise<Member> {
    const member = new Member(side, env);
    await new Promise<void>((resolve, reject) => {
      member.#child.once('message', () => resolve());
      member.#child.once('exit', () => reject(new Error(`a process of ${side} did not start`)));
    });
    member.#child.on('message', (message: Message) => {
      if (message.refused !== undefined) member.refused.add(message.refused);
      else member.#waiting.get(message.id)?.(message);
    });
    return member;
  }

  /** Calls one of the five functions in that process. */
  call<Name extends keyof Functions>(
    name: Name,
    ...args: Parameters<Functions[Name]>
  ): ReturnType<Functions[Name]> {
    const id = ++this.#lastId;
    const answer = new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ value, error }) =>
        error === undefined ? resolve(value) : reject(new Error(`${this.side}: ${error}`)),
      );
      void this.#exited.then(() => reject(new Error(`${this.side}: ended`)));
    });
    this.#child.send({ id, name, args });
    return answer as ReturnType<Functions[Name]>;
  }

  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#exited;
  }
}
