import { describe } from '../compare.mjs';
import { number, range, ratioText, table } from '../table.mjs';

/** @param {NonNullable<Awaited<ReturnType<typeof import('../limit/index.mjs').measureLimit>>>} it */
export function limitText({ version, cases }) {
  return table(
    [`the limit: pgbench ${version}`, 'rows/s', 'tokenkeep with', 'reads/s', 'of the limit'],
    cases.map(({ name, callers, rowsPerSecond, opsPerSecond, share }) => [
      name,
      range(rowsPerSecond),
      describe({ callers }),
      number(opsPerSecond.median),
      ratioText(share, 2),
    ]),
  );
}
