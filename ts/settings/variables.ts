/** The environment variables of settings, and readings of them. */

import { variableOf } from '../input/fields';

/** The values of variables at one moment, by their names. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Reads variables now. */
export function readVariables(names: readonly string[]): Variables {
  const variables = Object.create(null) as Record<string, string | undefined>;
  for (const name of names) variables[name] = variableOf(name);
  return variables;
}

/**
 * The current values of variables. Reading one costs as much as a tenth of a call, so all calls before the
 * next microtask share a reading: a change is seen after the next `await`, and another object in the place of
 * `process.env` at once. As long as no value has changed, the result is the same object.
 */
export class CurrentVariables {
  readonly #names: readonly string[];
  #last: Variables | undefined;
  /** The `process.env` that was read since the last microtask. */
  #read: object | undefined;

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  get(): Variables {
    const { env } = process;
    if (this.#last && this.#read === env) return this.#last;
    const now = readVariables(this.#names);
    if (!this.#last || this.#differs(now, this.#last)) this.#last = now;
    this.#read = env;
    void Promise.resolve().then(() => (this.#read = undefined));
    return this.#last;
  }

  #differs(now: Variables, last: Variables): boolean {
    return this.#names.some((name) => now[name] !== last[name]);
  }
}
