import { createTokenKeep } from 'tokenkeep';

import { startTokenEndpoint } from '../support/token-endpoint.mjs';
import { provider } from './peers/tokenkeep-integration.mjs';
import { Child } from './process/child.mjs';
import { newTokens } from './tokens.mjs';
import { pairedRatios, spread } from './statistics.mjs';

/**
 * The integration store: reads of fresh tokens compared with the gmail store, the overhead of the Effect
 * services, and refreshing many tokens at a slow endpoint.
 *
 * @param {{ plan: import('./plan.mjs').Plan, database: import('./database.mjs').Prepared,
 *   progress: (text: string) => void }} benchmark
 */
export async function measureIntegration({ plan, database, progress }) {
  const keep = createTokenKeep({
    databaseUrl: database.databaseUrl,
    tokenkeepKey: database.encryptionKey,
  });
  await keep.migrate({ stores: ['integration'] });
  const hour = 3_600_000;
  await fill(keep, database.users, () => ({
    ...newTokens(),
    expiresAt: new Date(Date.now() + hour),
  }));
  const reads = await measureReads({ plan, database, progress });
  const effect = await measureEffect({ plan, database, progress, keep });
  const expiring = await measureExpiring({ plan, database, progress, keep });
  await keep.close();
  return { reads, effect, expiring };
}

async function fill(keep, users, token, of = provider) {
  for (let from = 0; from < users.length; from += 200) {
    const part = users.slice(from, from + 200);
    await Promise.all(part.map((user) => keep.integration.storeToken(user, of, token())));
  }
}

/** Measures both stores in turn, each in its own process. */
async function measureReads({ plan, database, progress }) {
  const { databaseUrl, encryptionKey, users } = database;
  const names = ['tokenkeep', 'tokenkeep-integration'];
  const measured = Object.fromEntries(names.map((name) => [name, []]));
  const { warmupMs, measureMs, integration } = plan;
  const size = { callers: integration.callers, warmupMs, measureMs };
  for (let round = 0; round < integration.rounds; round++) {
    progress(`integration: round ${round + 1} of ${integration.rounds}`);
    for (const name of round % 2 ? names.toReversed() : names) {
      const child = await Child.open(name, { settings: { databaseUrl, encryptionKey }, users });
      measured[name].push(await child.run('read', size));
      await child.close();
    }
  }
  const rates = (name) => measured[name].map(({ opsPerSecond }) => opsPerSecond);
  const [gmail, own] = names.map(rates);
  return {
    callers: size.callers,
    gmailOpsPerSecond: spread(gmail),
    opsPerSecond: spread(own),
    ratio: pairedRatios(own, gmail),
  };
}

/** One process per major version of Effect. */
async function measureEffect({ plan, database, progress, keep }) {
  const { databaseUrl, encryptionKey } = database;
  const users = database.users.slice(0, 1_000);
  const expiresAt = new Date(Date.now() + 3_600_000);
  await fill(keep, users, () => ({ ...newTokens(), expiresAt }), 'google');
  const { warmupMs, measureMs, integration } = plan;
  const { callers, rounds } = integration;
  const majors = {};
  for (const version of ['v4', 'v3']) {
    progress(`integration: Effect ${version.slice(1)}`);
    const child = new Child();
    const size = { callers, warmupMs, measureMs };
    const settings = { databaseUrl, encryptionKey };
    const micros = await child.run('effect', { version, settings, users, rounds, size });
    await child.close();
    const added = (way) => spread(way.map((one, round) => one - micros.plain[round]));
    majors[version] = {
      plainMicros: spread(micros.plain),
      storeAddsMicros: added(micros.store),
      clientAddsMicros: added(micros.client),
    };
  }
  return majors;
}

/** One worker, with its event loop delay. */
async function measureExpiring({ plan, database, progress, keep }) {
  const { rows, concurrency, endpointMs } = plan.integration;
  progress(`integration: ${rows} rows that run out soon`);
  const endpoint = await startTokenEndpoint({ rotate: false, delayMs: endpointMs });
  const users = Array.from({ length: rows }, (_, index) => `expiring-${index}`);
  const soon = new Date(Date.now() + 300_000);
  await fill(keep, users, () => ({ ...endpoint.issue(), expiresAt: soon }));
  await database.client.query('VACUUM ANALYZE integration_tokens');
  const { databaseUrl, encryptionKey } = database;
  const settings = { databaseUrl, encryptionKey, tokenUrl: endpoint.url };
  const child = await Child.open('tokenkeep-integration', { settings, users });
  const run = await child.run('expiring', { expiresWithin: 900_000, concurrency });
  await child.close();
  await endpoint.close();
  if (run.refreshed !== rows) throw new Error(`${run.refreshed} of ${rows} were refreshed`);
  return {
    rows,
    concurrency,
    endpointMs,
    ...run,
    busy: (rows * endpointMs) / (concurrency * run.tookMs),
  };
}
