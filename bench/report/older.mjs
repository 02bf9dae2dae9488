import { describe } from '../compare.mjs';
import { olderOf } from '../peers/index.mjs';
import { ratioText, table } from '../table.mjs';
import { counted } from './tenants.mjs';

/**
 * How much better this build is than the one of `--against`, paired by round; nothing without it.
 *
 * @param {Record<string, any>} result
 */
export function olderText({ reads, writes, tenants, rate, tls, delay, pgbouncer }) {
  const loads = [
    ...named('reads', reads),
    ...named('writes', writes),
    ...(tenants ?? []).map((one) => [`reads, ${counted(one.tenants)}`, one]),
    ...named('reads', rate && [rate]),
    ...named('reads over TLS', tls),
    ...named('reads with 1 ms of delay', delay?.results),
    ...named('reads through PgBouncer', pgbouncer?.reads),
    ...named('writes through PgBouncer', pgbouncer?.writes),
  ];
  const rows = loads.flatMap(([title, { ratios, callers, perSecond }]) =>
    Object.entries(ratios).flatMap(([subject, others]) => {
      const ratio = others[olderOf[subject]];
      if (!ratio) return [];
      const figures = [ratio.opsPerSecond, ratio.loopMicrosPerOp, ratio.cpuMsPer1k];
      const work = `${title}, ${describe({ callers, perSecond })}: ${subject}`;
      return [[work, ...figures.map((one) => ratioText(one))]];
    }),
  );
  if (rows.length === 0) return undefined;
  return table(['this build to the older one', 'ops/s', 'loop time', 'CPU time'], rows);
}

function named(title, results) {
  return (results ?? []).map((result) => [title, result]);
}
