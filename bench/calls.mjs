import { newLists, openAll } from './compare.mjs';
import { labelOf, olderOf, present } from './peers/index.mjs';
import { pairedRatios, spread } from './statistics.mjs';
import { rotate } from './turns.mjs';

const peers = ['tokenkeep', 'tokenkeep-gmail', 'older', 'older-gmail'];

/**
 * The synchronous part of a call: of one alone, and of each in a burst, which shares work.
 *
 * @param {import('./compare.mjs').Given} given
 */
export async function measureCalls({ plan, database, settings, progress }) {
  const { rounds, bursts, burst } = plan.calls;
  const names = present(peers, settings);
  const measured = { alone: newLists(names), inBurst: newLists(names) };
  const children = await openAll(names, { settings, users: database.users });
  // The first round is a warm-up.
  for (let round = -1; round < rounds; round++) {
    progress(`calls: ${round < 0 ? 'warm-up' : `round ${round + 1} of ${rounds}`}`);
    for (const name of rotate(names, Math.max(round, 0))) {
      const micros = (size) => children.get(name).run('issue', { burst: size, bursts });
      const [alone, inBurst] = [await micros(1), await micros(burst)];
      if (round < 0) continue;
      measured.alone[name].push(alone);
      measured.inBurst[name].push(inBurst);
    }
  }
  for (const child of children.values()) await child.close();
  return {
    burst,
    peers: names.map((name) => ({
      name,
      label: labelOf(name),
      aloneMicros: spread(measured.alone[name]),
      inBurstMicros: spread(measured.inBurst[name]),
      ...againstOlder(measured, name),
    })),
  };
}

function againstOlder({ alone, inBurst }, name) {
  const older = olderOf[name];
  if (!(older in alone)) return {};
  return {
    aloneRatio: pairedRatios(alone[older], alone[name]),
    inBurstRatio: pairedRatios(inBurst[older], inBurst[name]),
  };
}
