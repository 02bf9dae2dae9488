import { steps } from './steps.mjs';

/** @typedef {import('./steps.mjs').Event} Event */

/** The faults that a plan has for one row: the first process meets each once. */
export class PlannedRow {
  #events;
  #first = signal();
  #all = signal();
  /** How many faults have not struck yet. */
  left;
  /** What the first process did last to this row. @type {'commit' | 'invalid_grant' | undefined} */
  last;

  /**
   * @param {import('./plans.mjs').Plan} plan
   * @param {import('../rows.mjs').User} user
   * @param {object} family of the user's grant
   * @param {boolean} long whether what is slow comes only after a takeover
   */
  constructor({ faults }, user, family, long) {
    this.user = user;
    this.families = new Set([family]);
    this.long = long;
    this.left = faults.length;
    const events = faults.flatMap(eventsOf);
    // A lead comes after the faults at its step: they would keep it from leading anywhere.
    this.#events = [
      ...events.filter(({ first }) => !first),
      ...events.filter(({ first }) => first),
    ];
  }

  /** Resolves when the first fault has struck. */
  get struck() {
    return this.#first.promise;
  }

  /** Resolves when all have. */
  get over() {
    return this.#all.promise;
  }

  /** The next event at a step. @param {string} step @returns {Event | undefined} */
  next(step) {
    return this.#events.find((event) => event.step === step);
  }

  /** Lets it happen. @param {string} step @returns {Event | undefined} */
  take(step) {
    const event = this.next(step);
    if (!event) return undefined;
    this.#events.splice(this.#events.indexOf(event), 1);
    if (event.first) return event;
    this.left -= 1;
    this.#first.resolve();
    if (this.left === 0) this.#all.resolve();
    return event;
  }
}

/** @param {import('./steps.mjs').Fault} fault @returns {Event[]} */
function eventsOf(fault) {
  const { lead } = steps.find(({ step }) => step === fault.step);
  return lead ? [lead, fault] : [fault];
}

function signal() {
  let resolve;
  const promise = new Promise((resolved) => (resolve = resolved));
  return { promise, resolve };
}
