/** Processes of a fleet, on either side of an adoption. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import type { TokenKeep, TokenKeepOptions } from '../../dist/index.js';

const file = fileURLToPath(new URL('process.mjs', import.meta.url));

export type Side = 'old' | 'tokenkeep';
type Vault = TokenKeep['vault'];
type Method = Exclude<keyof Vault, symbol>;
type Answer<Name extends Method> = { value: Awaited<ReturnType<Vault[Name]>>; failed?: string };

/** One of them. */
export class Member {
  readonly #child: ChildProcess = fork(file, { serialization: 'advanced' });
  readonly #waiting = new Map<number, (answers: unknown) => void>();
  #lastId = 0;

  /** Starts one; what it needs to know goes by message, where other programs cannot read it. */
  static async start(side: Side, options: TokenKeepOptions): Promise<Member> {
    const member = new Member();
    const ready = new Promise((resolve) => member.#waiting.set(0, resolve));
    member.#child.on('message', ({ id, answers }: { id: number; answers: unknown }) => {
      member.#waiting.get(id)?.(answers);
      member.#waiting.delete(id);
    });
    await ready;
    await member.#tell({ command: 'open', side, options });
    return member;
  }

  /** What each of so many concurrent calls gave, or how it failed. */
  calls<Name extends Method>(
    times: number,
    name: Name,
    ...args: Parameters<Vault[Name]>
  ): Promise<Answer<Name>[]> {
    return this.#tell({ command: 'call', name, args, times }) as Promise<Answer<Name>[]>;
  }

  /** What one call gave. */
  async call<Name extends Method>(name: Name, ...args: Parameters<Vault[Name]>) {
    const [answer] = await this.calls(1, name, ...args);
    if (answer!.failed) throw new Error(answer!.failed);
    return answer!.value;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }

  #tell(message: object): Promise<unknown> {
    const id = ++this.#lastId;
    const answers = new Promise((resolve) => this.#waiting.set(id, resolve));
    this.#child.send({ id, ...message });
    return answers;
  }
}

/** Starts members that are stopped after the tests of the file. */
export function useMembers() {
  const members: Member[] = [];
  afterAll(() => Promise.all(members.map((member) => member.stop())));
  return async (count: number, side: Side, options: TokenKeepOptions): Promise<Member[]> => {
    const started = await Promise.all(
      Array.from({ length: count }, () => Member.start(side, options)),
    );
    members.push(...started);
    return started;
  };
}
