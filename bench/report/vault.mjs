import { number, range, ratioText, table } from '../table.mjs';

/** Formats the results as text. @param {Awaited<ReturnType<typeof import('../vault.mjs').measureVault>>} it */
export function vaultText({ reads, salts, callers, decrypt, delay, store }) {
  return [
    table(
      [
        'vault: decrypt, the salt seen before',
        'tokenkeep µs',
        'scrypt each µs',
        'tokenkeep is faster',
      ],
      [
        [
          'one after the other',
          number(decrypt.tokenkeepNanos.median / 1_000),
          number(decrypt.drizzleNanos.median / 1_000),
          ratioText(decrypt.ratio),
        ],
      ],
    ),
    table(
      [
        `vault: ${reads} getToken at once, ${salts} salts`,
        'idle p99 ms',
        'p99 ms',
        'p99 above idle ms',
        'all answered after ms',
      ],
      [
        [
          'delay of the event loop',
          number(delay.idleP99Ms.median),
          number(delay.busyP99Ms.median),
          range(delay.aboveIdleMs),
          number(delay.tookMs.median),
        ],
      ],
    ),
    table(
      [
        `vault: storeToken, ${callers} callers`,
        'ops/s',
        'p50 ms',
        'p99 ms',
        'CPU ms/1k ops',
        'tokenkeep is faster',
      ],
      store.peers.map(({ label, opsPerSecond, p50Ms, p99Ms, cpuMsPer1k }, index) => [
        label,
        number(opsPerSecond.median),
        number(p50Ms.median),
        number(p99Ms.median),
        number(cpuMsPer1k.median),
        index === 0 ? '' : ratioText(store.ratio),
      ]),
    ),
  ].join('\n\n');
}
