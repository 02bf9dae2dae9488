import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for something that will come; the test's own timeout is the only limit. */
export async function until(holds: () => unknown): Promise<void> {
  while (!(await holds())) await sleep(10);
}
