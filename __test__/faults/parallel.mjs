import { setTimeout as sleep } from 'node:timers/promises';

/** Beginning is the most work of many things that are mostly waited for. */
const APART_MS = 100;

/**
 * Does many things, so many at once. The first ones begin one after the other.
 *
 * @template Item, Result
 * @param {Item[]} items
 * @param {number} atOnce
 * @param {(item: Item, index: number) => Promise<Result>} work
 * @returns {Promise<Result[]>} in the order of the items
 */
export async function inParallel(items, atOnce, work) {
  const results = [];
  let next = 0;
  const worker = async (_, number) => {
    await sleep(number * APART_MS);
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index], index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
