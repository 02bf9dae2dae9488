/**
 * `kill -9` of the process that holds the leases, while another one asks for the same rows: before
 * it has asked the provider, when it has the answer and has not stored it, and when it has stored it
 * and does not know. Only what it had in memory is lost, which a provider that rotates has not got
 * any more either.
 */
import { unknownOutcomeRound, killRound } from '../kill/rounds.mjs';
import { watchDeletions } from '../processes/deletions.mjs';
import { playSeries } from '../processes/series.mjs';

export const name = 'kill';

const died =
  'a rotated refresh token was in the memory of the killed process alone: its answer had arrived, ' +
  'and the database had not got it';

const moments = [
  { fault: 'before the request', at: 'lease taken', rotate: true },
  { fault: 'after the answer', at: 'commit sent', rotate: true, inherent: died },
  { fault: 'after the answer, provider does not rotate', at: 'commit sent', rotate: false },
  { fault: 'after the commit', at: 'commit executed', rotate: true },
];
/** The same moment as the second, followed until callers are told that the grant is gone. */
const unknownOutcome = {
  ...moments[1],
  fault: 'after the answer, until the unknown-outcome limit',
  play: unknownOutcomeRound,
  passMs: 0,
};

/** @param {{ short: boolean, progress: (text: string) => void }} options */
export async function run({ short, progress }) {
  const series = (faults, { rows, ...size }) => {
    const play = (scene, other, fault) =>
      (fault.play ?? killRound)(scene, other, {
        ...fault,
        rows,
        limitsDivisor: size.limitsDivisor,
      });
    return playSeries({ faults, ...size, prepare: watchDeletions, play, progress });
  };
  if (short) {
    const all = [...moments, { ...unknownOutcome, passMs: 55_000 }];
    return series(all, { times: 1, concurrency: 5, rows: 10, limitsDivisor: 10 });
  }
  const many = { times: 100, concurrency: 4, rows: 50, limitsDivisor: 5 };
  const real = moments.map((moment) => ({ ...moment, fault: `${moment.fault}, real limits` }));
  return [
    ...(await series(moments, many)),
    ...(await series([unknownOutcome], { ...many, times: 3 })),
    ...(await series(real, { ...many, times: 1, limitsDivisor: 1 })),
  ];
}
