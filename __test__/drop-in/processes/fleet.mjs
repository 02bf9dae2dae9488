/** Processes of an application, old and new, on one database. */

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('gmail.mjs', import.meta.url));

/**
 * @typedef {'old' | 'tokenkeep'} Side
 *
 * @typedef {Pick<typeof import('../../../dist/gmail.js'), 'upsertGmailTokens'
 *   | 'getGmailTokenDecrypted' | 'deleteGmailTokens' | 'hasActiveGmailConnection'
 *   | 'getValidGmailToken'>} Functions
 *
 * @typedef {object} Message the outcome of a call, or a call that was refused the lock
 * @property {number} id
 * @property {unknown} [value]
 * @property {string} [error]
 * @property {number} [refused]
 */

/** One of them. */
export class Member {
  #child;
  #exited;
  /** @type {Map<number, (message: Message) => void>} */
  #waiting = new Map();
  #lastId = 0;
  /** Calls of the old service that were refused the lock at least once. @type {Set<number>} */
  refused = new Set();

  /** @param {Side} side @param {Record<string, string>} env */
  constructor(side, env) {
    this.side = side;
    this.#child = fork(file, [side], {
      serialization: 'advanced',
      env: { ...process.env, ...env },
    });
    this.#exited = new Promise((resolve) => this.#child.once('exit', resolve));
  }

  /** @param {Side} side @param {Record<string, string>} env */
  static async start(side, env) {
    const member = new Member(side, env);
    await new Promise((resolve, reject) => {
      member.#child.once('message', resolve);
      member.#child.once('exit', () => reject(new Error(`a process of ${side} did not start`)));
    });
    member.#child.on('message', (/** @type {Message} */ message) => {
      if (message.refused !== undefined) member.refused.add(message.refused);
      else member.#take(message.id)?.(message);
    });
    void member.#exited.then(() => member.#fail());
    return member;
  }

  /**
   * Calls one of the five functions in that process.
   *
   * @template {keyof Functions} Name
   * @param {Name} name
   * @param {Parameters<Functions[Name]>} args
   * @returns {ReturnType<Functions[Name]>}
   */
  call(name, ...args) {
    const id = ++this.#lastId;
    const answer = new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ value, error }) =>
        error === undefined ? resolve(value) : reject(new Error(`${this.side}: ${error}`)),
      );
      if (this.#child.connected) this.#child.send({ id, name, args });
      else this.#fail();
    });
    return /** @type {ReturnType<Functions[Name]>} */ (answer);
  }

  /** Ends it, and what it was doing. */
  async stop() {
    if (this.#child.connected) this.#child.disconnect();
    await this.#exited;
  }

  /** @param {number} id */
  #take(id) {
    const settle = this.#waiting.get(id);
    this.#waiting.delete(id);
    return settle;
  }

  #fail() {
    for (const id of this.#waiting.keys()) this.#take(id)?.({ id, error: 'ended' });
  }
}
