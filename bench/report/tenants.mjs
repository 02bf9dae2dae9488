import { number, ratioText, table } from '../table.mjs';

const kinds = [
  ['', 'tokenkeep-tenants', 'tokenkeep'],
  [', older build', 'older-tenants', 'older'],
];

/** @param {Awaited<ReturnType<typeof import('../tenants.mjs').measureTenants>>} results */
export function tenantsText(results) {
  const rows = results.flatMap(({ tenants, peers, ratios }) =>
    kinds
      .filter(([, ours]) => peers.some(({ name }) => name === ours))
      .map(([suffix, ours, plain]) => {
        const rateOf = (name) =>
          number(peers.find((peer) => peer.name === name).opsPerSecond.median);
        const share = ratioText(ratios[ours][plain].opsPerSecond, 2);
        return [`${counted(tenants)}${suffix}`, rateOf(plain), rateOf(ours), share];
      }),
  );
  const head = `reads for tenants, ${results[0].callers} callers`;
  return table([head, 'plain ops/s', 'ops/s', 'of plain'], rows);
}

/** @param {number} tenants */
export const counted = (tenants) => (tenants === 1 ? '1 tenant' : `${tenants} tenants`);
