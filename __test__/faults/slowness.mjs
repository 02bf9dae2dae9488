import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 20;

/** Reads a row all the time, to see how slow the machine is. */
export class SlownessProbe {
  #keep;
  #slowMs;
  #began = 0;
  #lastSlow = -Infinity;
  #stopped = false;
  #reading;

  /**
   * @param {import('tokenkeep').TokenKeep} keep
   * @param {number} slowMs what a read must not take
   */
  constructor(keep, slowMs) {
    this.#keep = keep;
    this.#slowMs = slowMs;
    this.#reading = this.#read();
  }

  /** Whether a read was too slow since then. @param {number} begin by `performance.now()` */
  wasSlowSince(begin) {
    this.#look();
    return this.#lastSlow >= begin;
  }

  async stop() {
    this.#stopped = true;
    await this.#reading;
    await this.#keep.close();
  }

  async #read() {
    while (!this.#stopped) {
      this.#began = performance.now();
      await this.#keep.gmail.hasActiveGmailConnection('nobody').catch(() => {});
      this.#look();
      this.#began = Infinity;
      await sleep(EVERY_MS);
    }
  }

  /** Also at a read that is not over. */
  #look() {
    const now = performance.now();
    if (now - this.#began >= this.#slowMs) this.#lastSlow = now;
  }
}
