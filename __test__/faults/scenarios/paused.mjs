/**
 * The process that holds the leases is stopped (SIGSTOP) for longer than its lease and the takeover
 * grace, and then goes on; meanwhile another one asks for the same rows. Who has sent nothing sends
 * nothing any more; an answer that arrived during the stop is still the only valid successor, and
 * is stored. What cannot be helped: the other process cannot know that the token is spent.
 */
import { pauseRound } from '../paused/round.mjs';
import { playSeries } from '../processes/series.mjs';

export const name = 'paused';

const spent =
  'the stopped process had spent the token, and the other one spent it again when lease and grace ' +
  'were over: a provider that revokes a family whose token is sent twice has revoked it';

/** @type {(import('../paused/round.mjs').Pause & { fault: string, inherent?: string })[]} */
const pauses = [
  { fault: 'nothing sent', at: 'lease taken', provider: 'revokes the family' },
  ...['request under way', 'commit sent'].flatMap((at) => [
    { fault: at, at, provider: 'revokes the family', inherent: spent },
    { fault: `${at}, reuse is only refused`, at, provider: 'refuses' },
    { fault: `${at}, provider does not rotate`, at, provider: 'does not rotate' },
    { fault: `${at}, nobody else asks`, at, provider: 'revokes the family', alone: true },
  ]),
];

/** @param {{ short: boolean, progress: (text: string) => void }} options */
export function run({ short, progress }) {
  const { rows, ...size } = short
    ? { rows: 10, times: 1, concurrency: 5, limitsDivisor: 10 }
    : { rows: 50, times: 20, concurrency: 4, limitsDivisor: 5 };
  const { limitsDivisor } = size;
  const play = (scene, other, pause) => pauseRound(scene, other, { ...pause, rows, limitsDivisor });
  return playSeries({ faults: pauses, ...size, play, progress });
}
