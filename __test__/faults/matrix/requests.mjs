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

/** A round's requests: each meets what its row's fate has for it. */
export class Requests {
  #scene;
  #fates;
  #divisor;
  #held = new Set();
  /** Requests that arrived when their sender had given them up. */
  overdue = new Set();

  /**
   * @param {import('../scene.mjs').Scene} scene
   * @param {import('./fate.mjs').Fate[]} fates
   * @param {number} divisor
   */
  constructor(scene, fates, divisor) {
    this.#scene = scene;
    this.#fates = fates;
    this.#divisor = divisor;
  }

  /** @type {import('./provider.mjs').Answerer} */
  answer = async (request) => {
    const { endpoint } = this.#scene;
    const family = endpoint.familyOf(request.refreshToken);
    const fate = this.#fates.find(({ families }) => families.has(family));
    const event = fate.take('request');
    if (event?.kind === 'slow') await this.#hold(request, fate.long);
    const answer = event?.first ? await this.#lead(fate, event.first) : answers[event?.kind];
    const refused = !answer && !endpoint.isAlive(request.refreshToken);
    fate.last = refused ? 'invalid_grant' : undefined;
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
  async #lead(fate, first) {
    const { endpoint, reconnect } = this.#scene;
    // Not a 503, which is tried again under the same lease.
    if (first === 'throttled') return { status: 429 };
    if (first === 'revoked') endpoint.revoke(fate.user.refreshToken);
    if (first === 'reconnected') {
      await reconnect(fate.user);
      fate.families.add(endpoint.familyOf(fate.user.refreshToken));
    }
    return undefined;
  }
}
