/** What happens to the first process's requests at the provider. */
import { setTimeout as sleep } from 'node:timers/promises';

import { lateMs } from './limits.mjs';

const answers = {
  'error before': { drop: 'before' },
  'error after': { drop: 'after' },
  slow: {},
  'never before': { hang: 'before' },
  'never after': { hang: 'after' },
};

/** A round's requests: each meets what its row's planned has for it. */
export class Requests {
  #scene;
  #plannedRows;
  #divisor;
  #held = new Set();
  /** Requests that arrived when their sender had given them up. */
  overdue = new Set();

  /**
   * @param {import('../scene.mjs').Scene} scene
   * @param {import('./planned-row.mjs').PlannedRow[]} plannedRows
   * @param {number} divisor
   */
  constructor(scene, plannedRows, divisor) {
    this.#scene = scene;
    this.#plannedRows = plannedRows;
    this.#divisor = divisor;
  }

  /** @type {import('./provider.mjs').Answerer} */
  answer = async (request) => {
    const { endpoint } = this.#scene;
    const family = endpoint.familyOf(request.refreshToken);
    const planned = this.#plannedRows.find(({ families }) => families.has(family));
    const event = planned.take('request');
    if (event?.kind === 'slow') await this.#hold(request, planned.long);
    const answer = event?.first ? await this.#lead(planned, event.first) : answers[event?.kind];
    const refused = !answer && !endpoint.isAlive(request.refreshToken);
    planned.last = refused ? 'invalid_grant' : undefined;
    return answer ?? {};
  };

  /** Resolves when every request that was held has arrived. */
  async calm() {
    await Promise.all(this.#held);
  }

  async #hold(request, long) {
    this.overdue.add(request);
    const held = sleep(lateMs('request', this.#divisor, long));
    this.#held.add(held);
    await held;
  }

  /** Leads to a step that is not reached otherwise. */
  async #lead(planned, first) {
    const { endpoint, reconnect } = this.#scene;
    // Not a 503, which is tried again under the same lease.
    if (first === 'throttled') return { status: 429 };
    if (first === 'revoked') endpoint.revoke(planned.user.refreshToken);
    if (first === 'reconnected') {
      await reconnect(planned.user);
      planned.families.add(endpoint.familyOf(planned.user.refreshToken));
    }
    return undefined;
  }
}
