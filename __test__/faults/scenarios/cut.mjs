/**
 * Connections to the database break at each statement: before it arrives, in the middle of it, and
 * after it was executed; for every row once, with many rows at once. Another process joins when
 * every row was struck. Nothing is lost or spent twice.
 */
import { problemsIn } from '../processes/outcomes.mjs';
import { places } from '../processes/places.mjs';
import { playSeries } from '../processes/series.mjs';
import { withFaultAtStatement } from '../processes/fault-at-statement.mjs';

export const name = 'cut';

const limitsDivisor = 10;
const cuts = /** @type {const} */ (['cut-before', 'cut-middle', 'cut-after']);
const struck = ['read', 'lease sent', 'commit sent', 'release sent', 'mark sent'];

/** @param {{ short: boolean, progress: (text: string) => void }} options */
export function run({ short, progress }) {
  const { rows, ...size } = short
    ? { rows: 20, times: 1, concurrency: 3 }
    : { rows: 100, times: 20, concurrency: 3 };
  const faults = struck.flatMap((at) =>
    cuts.map((cut) => ({ fault: `${places[at].step}: ${cut}`, place: places[at], cut })),
  );
  const play = (scene, other, fault) => cutRound(scene, other, fault, rows);
  return playSeries({ faults, ...size, limitsDivisor, play, progress });
}

function cutRound(scene, other, { place, cut }, rows) {
  const given = { place, action: { do: cut }, rows, limitsDivisor };
  return withFaultAtStatement(scene, given, async ({ users, holder, held, all }) => {
    await all;
    const joined = other.settle(users.map(({ id }) => id));
    const outcomes = await Promise.all([held, joined]);
    const errors = await problemsIn(scene, users, outcomes.flat(), place);
    if (!(await holder.close())) errors.push('the holder could not end what was under way');
    return { users, ledger: await scene.ledger(users), errors };
  });
}
