import { growthText } from './growth-report.mjs';
import { integrationText } from './integration-report.mjs';
import { number, range, ratioText, table } from './table.mjs';
import { tenantsText } from './tenants.mjs';
import { vaultText } from './vault-report.mjs';

/** Formats the results as text. Figures are medians over the rounds, ratios are `median [min-max]`. */
export function report(result) {
  const { environment, crypto, reads, writes, tenants, storm, vault, integration, growth } = result;
  return [
    environmentLines(environment),
    crypto && cryptoText(crypto),
    ...(reads ?? []).map((result) => loadText('reads of fresh tokens', result)),
    ...(writes ?? []).map((result) => loadText('upserts', result)),
    tenants && tenantsText(tenants),
    storm && stormText(storm),
    vault && vaultText(vault),
    integration && integrationText(integration),
    growth && growthText(growth),
  ]
    .filter(Boolean)
    .join('\n\n');
}

/** @param {Awaited<ReturnType<typeof import('./environment.mjs').describeEnvironment>>} it */
export function environmentLines(it) {
  const server = it.embedded ? 'embedded' : 'of DATABASE_URL';
  const build = `${it.addon.debug ? 'DEBUG' : 'release'} build of ${it.addon.megabytes} MB`;
  const lines = [
    `Node ${it.node}, PostgreSQL ${it.postgres} (${server}, fsync ${it.fsync}), ` +
      `${it.cores} cores (${it.cpu}), load ${it.loadAverageBefore} before, ` +
      `${number(it.users)} rows, ${build}`,
  ];
  if (it.addon.debug) lines.push('', debugWarning);
  return lines.join('\n');
}

export const debugWarning = [
  '!!! THIS IS A DEBUG BUILD OF THE ADDON: ITS FIGURES MEAN NOTHING. !!!',
  '!!! Build it with `npm run build` and measure again.              !!!',
].join('\n');

function loadText(title, { callers, peers, ratios }) {
  const subjects = Object.keys(ratios);
  const head = [
    `${title}, ${callers} ${callers === 1 ? 'caller' : 'callers'}`,
    'ops/s',
    'p50 ms',
    'p99 ms',
    'loop delay p99 ms',
    'loop µs/op',
    'CPU ms/1k ops',
    ...subjects.map((name) => `${name} is faster`),
  ];
  const rows = peers.map((peer) => [
    peer.label,
    number(Math.round(peer.opsPerSecond.median)),
    number(peer.p50Ms.median),
    number(peer.p99Ms.median),
    number(peer.loopDelayP99Ms.median),
    number(peer.loopMicrosPerOp.median),
    number(peer.cpuMsPer1k.median),
    ...subjects.map((name) => {
      const ratio = ratios[name][peer.name]?.opsPerSecond;
      return ratio ? ratioText(ratio) : '';
    }),
  ]);
  return table(head, rows);
}

function cryptoText({ bytes, encrypt, decrypt }) {
  const row = (name, { tokenkeepNanos, nodeNanos, ratio }) => [
    `${name}, ${bytes} bytes`,
    number(tokenkeepNanos.median),
    number(nodeNanos.median),
    ratioText(ratio),
  ];
  return table(
    ['crypto', 'tokenkeep ns', "Node's crypto ns", 'tokenkeep is faster'],
    [row('encryptToken', encrypt), row('decryptToken', decrypt)],
  );
}

function stormText({ processes, callers, endpointMs, peers, ratio }) {
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
      peer.name === 'tokenkeep' ? '' : ratioText(ratio),
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
