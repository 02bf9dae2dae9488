/**
 * The PostgreSQL server is stopped as by a crash (`-m immediate`) and comes back, while a process stands
 * at one step with all rows and another one wants them, too. Afterwards every row has its token, and
 * nothing was lost or spent twice.
 */
import { problemsIn } from '../processes/outcomes.mjs';
import { places } from '../processes/places.mjs';
import { playSeries } from '../processes/series.mjs';
import { withTwoProcesses } from '../processes/two-processes.mjs';

export const name = 'stopped-server';

const { 'mark sent': mark, ...others } = places;

/** @param {{ short: boolean, progress: (text: string) => void }} options */
export async function run({ short, progress }) {
  // A request stands at the provider for as long as the server takes to come back.
  const usual = { limitsDivisor: 4, rows: short ? 10 : 50, times: short ? 1 : 20, concurrency: 3 };
  const lines = await series(others, usual, progress);
  if (short) return lines;
  // The lease could not be released: nobody marks the row before the unknown-outcome limit.
  const long = { ...usual, limitsDivisor: 10, times: 4 };
  return [...lines, ...(await series({ 'mark sent': mark }, long, progress))];
}

function series(stands, { rows, ...size }, progress) {
  const faults = Object.entries(stands).map(([fault, place]) => ({ fault, place }));
  const { limitsDivisor } = size;
  const play = (scene, other, { place }) => stopRound(scene, other, { place, rows, limitsDivisor });
  return playSeries({ faults, ...size, play, progress });
}

function stopRound(scene, other, { place, rows, limitsDivisor }) {
  const join = (ids) => other.settle(ids);
  const given = { place, rows, options: { limitsDivisor }, join };
  return withTwoProcesses(scene, given, async ({ users, holder, gate, held, joined }) => {
    await scene.server.crash();
    await scene.server.restart();
    gate.open();
    const outcomes = await Promise.all([held, joined]);
    const errors = await problemsIn(scene, users, outcomes.flat(), place);
    if (!(await holder.close())) errors.push('the holder could not end what was under way');
    return { users, ledger: await scene.ledger(users), errors };
  });
}
