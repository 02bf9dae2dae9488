import { newLists } from './compare.mjs';
import { labelOf, present } from './peers/index.mjs';
import { Child } from './process/child.mjs';
import { pairedRatios, spread } from './statistics.mjs';
import { rotate } from './turns.mjs';

const peers = ['tokenkeep', 'older', 'postgres-js'];

/**
 * The memory of a new process after many reads.
 *
 * @param {import('./compare.mjs').Given} given
 */
export async function measureMemory({ plan, database, settings, progress }) {
  const { rounds, reads, callers } = plan.memory;
  const names = present(peers, settings);
  const measured = newLists(names);
  for (let round = 0; round < rounds; round++) {
    for (const name of rotate(names, round)) {
      progress(`memory: round ${round + 1} of ${rounds}, ${labelOf(name)}`);
      const child = await Child.open(name, { settings, users: database.users });
      measured[name].push(await child.run('memory', { reads, callers }));
      await child.close();
    }
  }
  const rss = (name) => measured[name].map(({ rssMegabytes }) => rssMegabytes);
  return {
    reads,
    callers,
    peers: names.map((name) => ({
      name,
      label: labelOf(name),
      rssMegabytes: spread(rss(name)),
      peakMegabytes: spread(measured[name].map(({ peakMegabytes }) => peakMegabytes)),
      // Of the other's memory: below 1 is less.
      share: pairedRatios(rss('tokenkeep'), rss(name)),
    })),
  };
}
