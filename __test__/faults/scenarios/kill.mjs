/**
 * `kill -9` of the process that holds the leases, while another one asks for the same rows: before
 * it has asked the provider, when it has the answer and has not stored it, and when it has stored it
 * and does not know. Only what it had in memory is lost, which a provider that rotates has not got
 * any more either.
 */
import { doubtRound, killRound } from '../kill/rounds.mjs';
import { inLanes } from '../processes/lanes.mjs';
import { addRound, newLine } from '../processes/line.mjs';
import { watchDeletions } from '../processes/deletions.mjs';
import { otherOptions } from '../processes/stand-off.mjs';
import { Process } from '../process.mjs';

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
const doubt = {
  ...moments[1],
  fault: 'after the answer, until the doubt is over',
  play: doubtRound,
};

/** @param {{ short: boolean, progress: (text: string) => void }} options */
export async function run({ short, progress }) {
  const play = (all, size) =>
    Promise.all(all.map((moment) => series({ play: killRound, ...moment, ...size }, progress)));
  if (short) {
    const few = { rounds: 1, lanes: 1, rows: 10, limitsDivisor: 10 };
    const both = [play(moments, few), play([doubt], { ...few, limitsDivisor: 60 })];
    return (await Promise.all(both)).flat();
  }
  const lines = [];
  const many = { rounds: 100, lanes: 4, rows: 50, limitsDivisor: 10 };
  for (const moment of moments) lines.push(...(await play([moment], many)));
  lines.push(...(await play([doubt], { ...many, rounds: 3 })));
  const real = moments.map((moment) => ({ ...moment, fault: `${moment.fault}, real limits` }));
  return [...lines, ...(await play(real, { ...many, rounds: 1, limitsDivisor: 1 }))];
}

/** All rounds of one moment. */
async function series(
  { rounds, lanes, rows, limitsDivisor, fault, at, rotate, inherent, play },
  progress,
) {
  const line = newLine(fault);
  await inLanes({
    rounds,
    lanes,
    options: { rotate },
    prepare: async (scene) => {
      await watchDeletions(scene);
      return Process.start(otherOptions(scene, limitsDivisor));
    },
    play: async (scene, other) => {
      const { ledger, errors } = await play(scene, other, { at, rotate, rows, limitsDivisor });
      addRound(line, ledger, errors, progress);
      if (line.rounds % 10 === 0) progress(`${fault}: ${line.rounds} rounds`);
    },
    finish: (other) => other.kill(),
  });
  if (line.inherentCount > 0 && inherent) line.inherent = inherent;
  return line;
}
