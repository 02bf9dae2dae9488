import { number, range, ratioText, table } from '../table.mjs';

/** Formats the results as text. @param {Awaited<ReturnType<typeof import('../integration.mjs').measureIntegration>>} it */
export function integrationText({ reads, effect, expiring }) {
  const percent = (share) => `${(share * 100).toFixed(1)} %`;
  return [
    table(
      [`integration: getValidToken, ${reads.callers} callers`, 'ops/s', 'of getValidGmailToken'],
      [
        [
          'tokenkeep/integration',
          number(Math.round(reads.opsPerSecond.median)),
          ratioText(reads.ratio),
        ],
        ['tokenkeep/gmail', number(Math.round(reads.gmailOpsPerSecond.median)), ''],
      ],
    ),
    table(
      [
        'integration: CPU µs a call',
        'getToken in an effect',
        'IntegrationTokenStore.get adds',
        'GoogleAuthClient.getValidToken adds',
      ],
      Object.entries(effect).map(([version, it]) => [
        `Effect ${version.slice(1)}`,
        number(it.plainMicros.median),
        range(it.storeAddsMicros),
        range(it.clientAddsMicros),
      ]),
    ),
    table(
      [
        `integration: refreshExpiring, ${number(expiring.rows)} rows`,
        'took s',
        'endpoint busy',
        'loop busy',
        'loop delay p99 ms',
      ],
      [
        [
          `${expiring.concurrency} at once, endpoint of ${expiring.endpointMs} ms`,
          number(expiring.tookMs / 1_000),
          percent(expiring.busy),
          percent(expiring.loopUtilization),
          number(expiring.loopDelayP99Ms),
        ],
      ],
    ),
  ].join('\n\n');
}
