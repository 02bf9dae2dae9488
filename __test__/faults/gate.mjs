import { rowsOf } from './unit-rows.mjs';

/** @typedef {import('../../support/postgres-proxy.mjs').Action} Action */

/**
 * Where a process is stopped on its way with many rows at once: everything of one row waits here
 * from the moment that the row has come, until the gate is opened.
 */
export class Gate {
  #awaited;
  #came = new Set();
  #isFull;
  #isFirst;
  #open;
  /** @type {Promise<Action | undefined>} */
  #opened = new Promise((resolve) => (this.#open = resolve));
  /** Resolves when a row has come. @type {Promise<void>} */
  first = new Promise((resolve) => (this.#isFirst = resolve));
  /** Resolves when all rows have come. @type {Promise<void>} */
  full = new Promise((resolve) => (this.#isFull = resolve));

  /** @param {string[]} rows that are awaited */
  constructor(rows) {
    this.#awaited = new Set(rows);
  }

  /** How many have come. */
  get size() {
    return this.#came.size;
  }

  /** Whether this row stands here, so that nothing more of it may pass. @param {string} row */
  holds(row) {
    return this.#came.has(row);
  }

  /** @param {string[]} rows @returns {Promise<Action | undefined>} what the gate is opened with */
  arrive(...rows) {
    for (const row of rows) if (this.#awaited.has(row)) this.#came.add(row);
    if (this.#came.size > 0) this.#isFirst();
    if (this.#came.size === this.#awaited.size) this.#isFull();
    return this.#opened;
  }

  /** @param {Action} [action] what becomes of statements that were held before they were executed */
  open(action) {
    this.#open(action);
  }

  /**
   * Holds the first statement of each row at this step, and whatever follows it.
   *
   * @param {import('../../support/postgres-proxy.mjs').PostgresProxy} proxy
   * @param {import('../../support/postgres-proxy/step.mjs').Step} step
   * @param {'before' | 'after'} when it is executed
   */
  holdStatements(proxy, step, when) {
    proxy.rule = (unit) => {
      const rows = rowsOf(unit);
      if (rows.some((row) => this.holds(row))) return this.#opened;
      if (unit.step !== step) return undefined;
      if (when === 'before') return this.arrive(...rows);
      return { answered: () => this.arrive(...rows) };
    };
  }
}
