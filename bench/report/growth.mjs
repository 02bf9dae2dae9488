import { number, range, ratioText, table } from '../table.mjs';

const count = (value) => value.toLocaleString('en');
const percent = (share) => `${(share * 100).toFixed(0)} %`;

/** Formats the results as text. @param {Awaited<ReturnType<typeof import('../growth/index.mjs').measureGrowth>>} it */
export function growthText({ rows, calls, sizes, updates, expiring, tenant }) {
  const [few, many] = rows.map(count);
  return [
    table(
      ['growth: gmail_tokens', `${few} rows`, `${many} rows`, 'large to small'],
      calls.map(({ name, small, large, ratio }) => [
        name,
        number(small.median),
        number(large.median),
        ratioText(ratio, 2),
      ]),
    ),
    sizesText(`growth: on disk, ${many} rows`, sizes),
    updatesText(updates),
    expiringText(expiring),
    sizesText('growth: integration_tokens on disk', expiring.measured[1].sizes),
    table(
      ['growth: accounts of a tenant of the vault', 'getToken p50 ms'],
      tenant.map(({ accounts, p50Ms }) => [`${count(accounts)}`, number(p50Ms)]),
    ),
  ].join('\n\n');
}

function sizesText(title, sizes) {
  return table(
    [title, 'GB', 'bytes a row'],
    sizes.map(({ name, bytes, perRow }) => [name, number(bytes / 1e9), `${Math.round(perRow)}`]),
  );
}

function updatesText({ rows, refreshed, measured }) {
  return table(
    [
      `growth: ${count(refreshed)} of ${count(rows)} rows, refreshed again and again`,
      'bytes a row',
      'HOT updates, each pass',
      'table grew',
      'indexes grew',
    ],
    measured.map(({ fillfactor, bytesPerRow, hotShares, tableGrew, indexesGrew }) => [
      `fillfactor ${fillfactor}`,
      `${Math.round(bytesPerRow)}`,
      hotShares.map(percent).join(', '),
      `${(tableGrew * 100).toFixed(1)} %`,
      `${(indexesGrew * 100).toFixed(1)} %`,
    ]),
  );
}

function expiringText({ due, dead, measured }) {
  return table(
    [
      `growth: refreshExpiring, ${count(due)} rows that are due`,
      'refreshes/s',
      'HOT updates',
      'nothing due, ms',
      `the same beside ${count(dead)} dead grants, ms`,
    ],
    measured.map(({ rows, refreshesPerSecond, hotShare, idleMs, idleBesideDeadMs }) => [
      `${count(rows)} rows`,
      number(refreshesPerSecond),
      percent(hotShare),
      range(idleMs),
      range(idleBesideDeadMs),
    ]),
  );
}
