import { number, range, ratioText, table } from '../table.mjs';

/** @param {Awaited<ReturnType<typeof import('../storm.mjs').measureStorms>>} it */
export function stormText({ processes, callers, endpointMs, peers, ratios }) {
  const title = `storm: ${processes} processes x ${callers} callers, endpoint of ${endpointMs} ms`;
  const waits = table(
    [
      title,
      'wait p50 ms',
      'wait p99 ms',
      'p99 over the endpoint ms',
      'all answered after ms',
      'tokenkeep is faster',
    ],
    peers.map((peer) => [
      peer.label,
      number(peer.waitP50Ms.median),
      number(peer.waitP99Ms.median),
      range(peer.waitP99OverEndpointMs),
      number(peer.allAnsweredMs.median),
      ratios[peer.name] ? ratioText(ratios[peer.name]) : '',
    ]),
  );
  const costs = table(
    [
      'what a storm costs',
      'statements',
      'without BEGIN, SET, COMMIT',
      'requests',
      'distinct tokens',
      'failed calls',
    ],
    peers.map((peer) => [
      peer.label,
      peer.statements ? range(peer.statements) : 'not counted',
      peer.ownStatements ? range(peer.ownStatements) : '',
      range(peer.requests),
      range(peer.distinctTokens),
      `${peer.failures}`,
    ]),
  );
  const notes = peers
    .filter((peer) => peer.failures > 0)
    .map((peer) => `\n  first failure of ${peer.label}: ${peer.firstFailure}`);
  return `${waits}\n\n${costs}${notes.join('')}`;
}
