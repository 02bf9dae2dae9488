/** What tokenkeep has to reach on two cores that the server shares, with defaults and a direct connection. */

/** @typedef {import('../statistics.mjs').Spread} Spread */

/**
 * @typedef {object} Goal
 * @property {string} work
 * @property {number} atLeast
 * @property {number} goal
 * @property {'times' | 'milliseconds' | 'share'} unit `times`: more is better; otherwise less is
 * @property {(result: Record<string, any>) => Spread | undefined} reached `undefined` if it was not measured
 */

const reads = (callers, peer, figure = 'opsPerSecond') => ratio('reads', callers, peer, figure);
const writes = (callers, peer) => ratio('writes', callers, peer, 'opsPerSecond');

function ratio(benchmark, callers, peer, figure) {
  return (result) => {
    const load = result[benchmark]?.find((one) => one.callers === callers);
    return load?.ratios.tokenkeep[peer]?.[figure];
  };
}

/** @returns {Goal} */
const times = (work, atLeast, goal, reached) => ({ work, atLeast, goal, unit: 'times', reached });

/** @type {Goal[]} */
export const goals = [
  times('reads, 16 callers, to postgres.js batched', 1.2, 2, reads(16, 'postgres-js-batched')),
  times('reads, 64 callers, to postgres.js batched', 1.6, 2.5, reads(64, 'postgres-js-batched')),
  times('reads, 256 callers, to postgres.js batched', 1.5, 2.5, reads(256, 'postgres-js-batched')),
  times('reads, 64 callers, to postgres.js', 3.5, 5, reads(64, 'postgres-js')),
  times('reads, 64 callers, to drizzle', 12, 20, reads(64, 'drizzle')),
  times('reads, 1 caller, to postgres.js', 1.1, 1.5, reads(1, 'postgres-js')),
  times(
    'event loop of a call, 64 callers, to the older build',
    4,
    6,
    reads(64, 'older', 'loopMicrosPerOp'),
  ),
  times('upserts, 1 caller, to postgres.js', 1.2, 1.5, writes(1, 'postgres-js')),
  times('upserts, 64 callers, to postgres.js', 1.6, 3, writes(64, 'postgres-js')),
  times("encrypt of 200 bytes, to Node's crypto", 8, 15, ({ crypto }) => crypto?.encrypt.ratio),
  times("decrypt of 200 bytes, to Node's crypto", 8, 15, ({ crypto }) => crypto?.decrypt.ratio),
  times('64 tenants, one caller each, to plain reads', 0.55, 0.8, ({ tenants }) => {
    const most = tenants?.find((one) => one.tenants === 64);
    return most?.ratios['tokenkeep-tenants'].tokenkeep.opsPerSecond;
  }),
  {
    work: "a storm, 4 x 64 callers, p99 over the endpoint's time",
    atLeast: 15,
    goal: 8,
    unit: 'milliseconds',
    reached: ({ storm }) =>
      storm?.peers.find(({ name }) => name === 'tokenkeep').waitP99OverEndpointMs,
  },
  times('reads through PgBouncer, 64 callers, to the older build', 1.4, 1.8, ({ pgbouncer }) => {
    return pgbouncer?.reads[0].ratios.tokenkeep.older?.opsPerSecond;
  }),
  {
    work: 'memory after many reads, to postgres.js',
    atLeast: 0.9,
    goal: 0.7,
    unit: 'share',
    reached: ({ memory }) => memory?.peers.find(({ name }) => name === 'postgres-js').share,
  },
];

/** Whether a goal's lower bound was reached. @param {Goal} goal @param {Spread} reached */
export function isReached({ unit, atLeast }, { median }) {
  return unit === 'times' ? median >= atLeast : median <= atLeast;
}
