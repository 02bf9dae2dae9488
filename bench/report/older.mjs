import { describe } from '../compare.mjs';
import { olderOf } from '../peers/index.mjs';
import { ratioText, table } from '../table.mjs';

/**
 * How much better this build is than the one of `--against`, paired by round; nothing without it.
 *
 * @param {Record<string, any>} result
 */
export function olderText({ reads, writes, tenants }) {
  const loads = [
    ...named('reads', reads),
    ...named('writes', writes),
    ...(tenants ?? []).map((one) => [`reads, ${one.tenants} tenants`, one]),
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
