/** The application's function for the password of each new connection to the database. */

import type { Bridge } from '../../index';

/** Returns the password for a connection that is about to be opened. */
export type DatabasePassword = () => string | Promise<string>;

const functions = new Map<number, { give: DatabasePassword; users: number }>();
const numbers = new WeakMap<DatabasePassword, number>();
let lastNumber = 0;

/** Adds a user of a function and keeps it until the core has removed each; returns its number. */
export function keepDatabasePassword(give: DatabasePassword): number {
  let number = numbers.get(give);
  if (number === undefined) {
    number = ++lastNumber;
    numbers.set(give, number);
  }
  const kept = functions.get(number) ?? { give, users: 0 };
  kept.users += 1;
  functions.set(number, kept);
  return number;
}

/** Removes a user of a function. */
export function forgetDatabasePassword(number: number): void {
  const kept = functions.get(number);
  if (!kept) return;
  kept.users -= 1;
  if (kept.users === 0) functions.delete(number);
}

/** Calls a function and passes its result to the core; `keepCause` keeps what it threw. */
export async function givePassword(
  bridge: Bridge,
  call: number,
  number: number,
  keepCause: (thrown: unknown) => number,
): Promise<void> {
  try {
    const password: unknown = await functions.get(number)?.give();
    if (typeof password === 'string' && password) bridge.passwordGiven(call, password);
    else bridge.passwordRefused(call, null);
  } catch (thrown) {
    bridge.passwordRefused(call, keepCause(thrown));
  }
}
