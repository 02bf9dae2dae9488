import crypto from 'node:crypto';

import { createTokenKeep } from 'tokenkeep';

import { vaultLabels } from './peers/vaults.mjs';
import { Child } from './process/child.mjs';
import { pairedRatios, spread } from './statistics.mjs';
import { fillVault } from './vault-rows.mjs';

/**
 * Compares the vault with a hand-written one: opening a value, the event loop delay while many values are opened
 * for the first time, and storing.
 *
 * @param {{ plan: import('./plan.mjs').Plan, database: import('./database.mjs').Prepared,
 *   progress: (text: string) => void }} benchmark
 */
export async function measureVault({ plan, database, progress }) {
  const { rounds, reads, salts } = plan.vault;
  const secret = crypto.randomBytes(32).toString('base64');
  const settings = { databaseUrl: database.databaseUrl, secret };
  const keep = createTokenKeep({ databaseUrl: database.databaseUrl });
  await keep.migrate({ stores: ['vault'] }).finally(() => keep.close());
  const readers = await fillVault(database.client, { tenants: reads, salts, secret });
  const writers = await fillVault(database.client, { tenants: plan.vault.tenants, salts, secret });

  const given = { plan: plan.vault, settings, readers, writers };
  const measured = { decrypt: [], delay: [], tokenkeep: [], drizzle: [] };
  for (let round = 0; round < rounds; round++) {
    progress(`vault: round ${round + 1} of ${rounds}`);
    for (const [name, measure] of Object.entries(measures(given, round))) {
      measured[name].push(await measure());
    }
  }
  return { ...plan.vault, ...summarise(measured) };
}

/** Sequentially, in an order that varies. */
function measures({ plan, settings, readers, writers }, round) {
  const { callers, warmupMs, measureMs, idleMs, decrypts } = plan;
  const size = { callers, warmupMs, measureMs };
  const store = (name) => () => alone('storeVault', { name, settings, tenants: writers, size });
  const peers = Object.keys(vaultLabels).map((name) => [name, store(name)]);
  if (round % 2) peers.reverse();
  return {
    decrypt: () => alone('decryptVault', { secret: settings.secret, decrypts }),
    // A new process each time, without cached keys.
    delay: () => alone('delayVault', { settings, tenants: readers, idleMs }),
    ...Object.fromEntries(peers),
  };
}

async function alone(task, argument) {
  const child = new Child();
  const result = await child.run(task, argument);
  await child.close();
  return result;
}

function summarise({ decrypt, delay, ...stores }) {
  const of = (rounds, figure) => rounds.map((round) => round[figure]);
  const delays = delay.map(({ idleP99Ms, busyP99Ms }) => busyP99Ms - idleP99Ms);
  const rates = Object.entries(stores).map(([name, rounds]) => [name, of(rounds, 'opsPerSecond')]);
  const { tokenkeep, drizzle } = Object.fromEntries(rates);
  return {
    decrypt: {
      tokenkeepNanos: spread(of(decrypt, 'tokenkeep')),
      drizzleNanos: spread(of(decrypt, 'drizzle')),
      ratio: pairedRatios(of(decrypt, 'drizzle'), of(decrypt, 'tokenkeep')),
    },
    delay: {
      idleP99Ms: spread(of(delay, 'idleP99Ms')),
      busyP99Ms: spread(of(delay, 'busyP99Ms')),
      aboveIdleMs: spread(delays),
      tookMs: spread(of(delay, 'tookMs')),
    },
    store: {
      peers: Object.entries(stores).map(([name, rounds]) => ({
        label: vaultLabels[name],
        opsPerSecond: spread(of(rounds, 'opsPerSecond')),
        p50Ms: spread(of(rounds, 'p50Ms')),
        p99Ms: spread(of(rounds, 'p99Ms')),
        cpuMsPer1k: spread(of(rounds, 'cpuMsPer1k')),
      })),
      ratio: pairedRatios(tokenkeep, drizzle),
    },
  };
}
