/**
 * The amount of measurements.
 *
 * @typedef {object} Plan
 * @property {number} users rows in gmail_tokens
 * @property {number} rounds each measures every implementation once
 * @property {number} warmupMs before each measurement, at the same load
 * @property {number} measureMs
 * @property {number[]} readers concurrent callers, one benchmark each
 * @property {number[]} writers the same for writes
 * @property {number[]} networkCallers the same for reads over TLS and with a delay
 * @property {number} pooledCallers through PgBouncer
 * @property {number} sealRounds
 * @property {number} sealMs for each function and round
 * @property {{ rounds: number, callers: number, warmupMs: number, measureMs: number }} tenants
 * @property {{ rounds: number, bursts: number, burst: number }} calls
 * @property {{ rounds: number, perSecond: number, warmupMs: number, measureMs: number }} rate
 * @property {{ rounds: number, reads: number, callers: number }} memory
 * @property {{ rounds: number, processes: number, callers: number, endpointMs: number }} storm
 * @property {{ rounds: number, decrypts: number, reads: number, salts: number, idleMs: number,
 *   tenants: number, callers: number, warmupMs: number, measureMs: number }} vault
 * @property {{ rounds: number, callers: number, rows: number, concurrency: number,
 *   endpointMs: number }} integration
 * @property {{ rounds: number, rows: [number, number], integrationRows: [number, number],
 *   due: number, dead: number, endpointMs: number, accounts: number[],
 *   updates: { rows: number, refreshed: number, passes: number, fillfactors: number[] } }} growth
 */

/** @type {Plan} */
export const full = {
  users: 20_000,
  rounds: 5,
  warmupMs: 250,
  measureMs: 1_000,
  readers: [1, 16, 64, 256],
  writers: [1, 64],
  networkCallers: [1, 64],
  pooledCallers: 64,
  sealRounds: 9,
  sealMs: 150,
  tenants: { rounds: 5, callers: 64, warmupMs: 250, measureMs: 1_000 },
  calls: { rounds: 9, bursts: 500, burst: 64 },
  rate: { rounds: 5, perSecond: 2_000, warmupMs: 500, measureMs: 2_000 },
  memory: { rounds: 3, reads: 1_000_000, callers: 64 },
  storm: { rounds: 10, processes: 4, callers: 64, endpointMs: 150 },
  vault: {
    rounds: 5,
    decrypts: 20,
    reads: 1_000,
    salts: 50,
    idleMs: 2_000,
    tenants: 1_000,
    callers: 64,
    warmupMs: 1_000,
    measureMs: 4_000,
  },
  integration: { rounds: 9, callers: 64, rows: 20_000, concurrency: 32, endpointMs: 100 },
  growth: {
    rounds: 7,
    rows: [10_000, 10_000_000],
    integrationRows: [10_000, 2_000_000],
    due: 2_000,
    dead: 200_000,
    endpointMs: 20,
    accounts: [1, 100, 1_000, 10_000],
    updates: { rows: 100_000, refreshed: 2_000, passes: 3, fillfactors: [100, 90, 70] },
  },
};

/** A quick run in under two minutes, with wide ranges. @type {Plan} */
export const quick = {
  ...full,
  users: 5_000,
  rounds: 3,
  warmupMs: 100,
  measureMs: 400,
  sealRounds: 5,
  sealMs: 60,
  tenants: { ...full.tenants, rounds: 3, warmupMs: 100, measureMs: 300 },
  calls: { ...full.calls, rounds: 3, bursts: 100 },
  rate: { ...full.rate, rounds: 3, warmupMs: 200, measureMs: 500 },
  memory: { ...full.memory, rounds: 1, reads: 50_000 },
  storm: { ...full.storm, rounds: 3 },
  vault: { ...full.vault, rounds: 3, decrypts: 10, measureMs: 2_000 },
  integration: { ...full.integration, rounds: 3, rows: 1_500 },
  growth: {
    ...full.growth,
    rounds: 3,
    rows: [10_000, 100_000],
    integrationRows: [10_000, 100_000],
    dead: 20_000,
    updates: { ...full.growth.updates, rows: 20_000 },
  },
};
