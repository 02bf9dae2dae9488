import { compare } from './compare.mjs';
import { readers } from './peers/index.mjs';

/**
 * Reads that arrive at a fixed rate, far below the limit: how long each waits, and what is left of the event loop.
 *
 * @param {import('./compare.mjs').Given} given
 */
export async function measureRate({ plan, ...given }) {
  const { perSecond, ...size } = plan.rate;
  const [result] = await compare({
    ...given,
    title: 'rate',
    task: 'rate',
    peers: readers,
    loads: [{ perSecond }],
    plan: size,
  });
  return result;
}
