import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { Child } from '../process/child.mjs';
import { newTokens } from '../tokens.mjs';
import { pairedRatios, spread } from '../statistics.mjs';
import { Users } from './tables.mjs';

/** The calls of each round, and how many rows each uses. */
const READ_USERS = 2_000;
const COLD_READS = 200;
const STORM_ROWS = 400;
const DELETED_ROWS = 100;
const CALLERS = 64;

/** The figure of each measurement that is compared. */
const FIGURES = {
  'a read, 1 caller, p50 ms': ({ one }) => one.p50Ms,
  'a row that nobody has read, 1 caller, p50 ms': ({ cold }) => cold.p50Ms,
  'reads a second, 64 callers': ({ many }) => many.opsPerSecond,
  'upserts a second, 64 callers': ({ writes }) => writes.opsPerSecond,
  'refreshes a second of rows that nobody has read, 64 callers': ({ storm }) => storm.opsPerSecond,
  'a refresh in that storm, p99 ms': ({ storm }) => storm.p99Ms,
  'deletes a second, 8 callers': ({ deletes }) => deletes.opsPerSecond,
};

/**
 * Measures the same calls on a small and on a large table, in turn.
 *
 * @param {{ plan: import('../plan.mjs').Plan, tables: import('./tables.mjs').GrowthTable[],
 *   encryptionKey: string, progress: (text: string) => void }} benchmark
 */
export async function compareCalls({ plan, tables, encryptionKey, progress }) {
  const endpoint = await startEndpoint(plan.growth.endpointMs);
  const rounds = [];
  try {
    const subjects = [];
    for (const table of tables) subjects.push(await open(table, encryptionKey, endpoint.url));
    for (let round = 0; round < plan.growth.rounds; round++) {
      const measured = [];
      for (const index of round % 2 ? [1, 0] : [0, 1]) {
        progress(`growth: round ${round + 1} of ${plan.growth.rounds}, ${tables[index].rows} rows`);
        measured[index] = await measure(subjects[index], plan);
      }
      rounds.push(measured);
    }
    for (const { child } of subjects) await child.close();
  } finally {
    await endpoint.close();
  }
  return Object.entries(FIGURES).map(([name, figure]) => {
    const [small, large] = [0, 1].map((index) => rounds.map((round) => figure(round[index])));
    return { name, small: spread(small), large: spread(large), ratio: pairedRatios(large, small) };
  });
}

async function open(table, encryptionKey, tokenUrl) {
  const users = new Users(table);
  const settings = { databaseUrl: table.databaseUrl, encryptionKey, tokenUrl };
  const child = await Child.open('tokenkeep', { settings, users: users.fresh(READ_USERS) });
  return { child, users };
}

async function measure({ child, users }, { warmupMs, measureMs }) {
  const size = { warmupMs, measureMs };
  const walk = (call, whom, callers) => child.run('walk', { call, users: whom, callers });
  return {
    cold: await walk('getValidGmailToken', users.fresh(COLD_READS), 1),
    one: await child.run('read', { ...size, callers: 1 }),
    many: await child.run('read', { ...size, callers: CALLERS }),
    storm: await walk('getValidGmailToken', users.expired(STORM_ROWS), CALLERS),
    writes: await child.run('write', { ...size, callers: CALLERS }),
    deletes: await walk('deleteGmailTokens', users.fresh(DELETED_ROWS), 8),
  };
}

/** A token endpoint that accepts every refresh token, as all rows have the same one. @param {number} expiresIn seconds */
export async function startEndpoint(delayMs, expiresIn = 3_600) {
  const endpoint = await startTokenEndpoint({ delayMs });
  endpoint.script(() => ({
    status: 200,
    body: {
      access_token: newTokens().accessToken,
      token_type: 'Bearer',
      expires_in: expiresIn,
    },
  }));
  return endpoint;
}
