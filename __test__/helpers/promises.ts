/** Promises that a test opens and judges itself. */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';

/** What tokenkeep's errors carry. */
export type Failure = Error & Record<string, unknown> & { code: string };

/** What a call is rejected with. */
export function failureOf(call: Promise<unknown>): Promise<Failure> {
  return call.then(
    () => expect.fail('must not resolve'),
    (thrown: Failure) => thrown,
  );
}

/** Whoever waits for `opened` waits until `open` is called: no test waits for a time. */
export function newGate(): { open: () => void; opened: Promise<undefined> } {
  let open!: () => void;
  const opened = new Promise<undefined>((resolve) => (open = () => resolve(undefined)));
  return { open, opened };
}

/** Waits for something that will come; the test's own timeout is the only limit. */
export async function until(holds: () => unknown): Promise<void> {
  while (!(await holds())) await sleep(10);
}

/** All that an error tells to whoever prints it. */
export function printed(error: Error): string {
  return `${error.stack}\n${JSON.stringify(error)}`;
}
