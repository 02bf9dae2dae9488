import { setTimeout as sleep } from 'node:timers/promises';

import { otherName } from './two-processes.mjs';

const leaseMs = 30_000;
const graceMs = 5_000;
const lookEveryMs = 100;

/** Two clocks of one machine, one of which counts whole milliseconds. */
const toleranceMs = 2;

/** Who holds which rows, and when each may be taken over. */
export class Leases {
  #scene;
  /** By user, in milliseconds since the epoch. @type {Map<string, number>} */
  #free;

  /** @param {import('../scene.mjs').Scene} scene @param {Map<string, number>} free */
  constructor(scene, free) {
    this.#scene = scene;
    this.#free = free;
  }

  /**
   * As they are held now.
   *
   * @param {import('../scene.mjs').Scene} scene
   * @param {import('../rows.mjs').User[]} users
   * @param {number} limitsDivisor
   */
  static async read(scene, users, limitsDivisor) {
    const { rows } = await scene.database.query(
      'SELECT user_id, refreshing_at FROM gmail_tokens WHERE user_id = ANY($1)',
      [users.map(({ id }) => id)],
    );
    const afterMs = (leaseMs + graceMs) / limitsDivisor;
    return new Leases(
      scene,
      new Map(rows.map(({ user_id: id, refreshing_at: at }) => [id, at.getTime() + afterMs])),
    );
  }

  /** Resolves when every one may be taken over. */
  async areOver() {
    const last = Math.max(...this.#free.values());
    while (Date.now() <= last) await sleep(lookEveryMs);
  }

  /**
   * Rows for which the other process has asked the provider too early.
   *
   * @param {import('../rows.mjs').User[]} users
   * @returns {string[]}
   */
  takenEarly(users) {
    const first = new Map(users.map(({ id, refreshToken }) => [refreshToken, this.#free.get(id)]));
    return this.#scene.endpoint.requests
      .filter(({ form, refreshToken, at }) => {
        const early = at < first.get(refreshToken) - toleranceMs;
        return form.client_secret === otherName && early;
      })
      .map(({ at }) => `taken over at ${new Date(at).toISOString()}, too early`);
  }
}
