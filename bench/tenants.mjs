import crypto from 'node:crypto';

import { createTokenKeep } from 'tokenkeep';

import { load } from './process/load.mjs';
import { pairedRatios, spread } from './statistics.mjs';
import { number, ratioText, table } from './table.mjs';

/** The number of tenants. */
const counts = [1, 2, 8, 64];

/**
 * Compares reads with row-level security with reads by a role that bypasses it, in this process, in turn.
 *
 * @param {{ plan: import('./plan.mjs').Plan, database: import('./database.mjs').Prepared,
 *   progress: (text: string) => void }} benchmark
 */
export async function measureTenants({ plan, database, progress }) {
  const { client, databaseUrl, encryptionKey, users } = database;
  const { rounds, callers, warmupMs, measureMs } = plan.tenants;
  const role = `tokenkeep_bench_${crypto.randomBytes(4).toString('hex')}`;
  const roleUrl = new URL(databaseUrl);
  [roleUrl.username, roleUrl.password] = [role, 'role'];
  await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'role';
    GRANT SELECT ON gmail_tokens TO ${role}`);
  const settings = { gmailEncryptionKey: encryptionKey };
  const plain = createTokenKeep({ ...settings, databaseUrl });
  const keep = createTokenKeep({ ...settings, databaseUrl: roleUrl.href });
  try {
    const results = [];
    for (const count of counts) {
      await client.query(
        `UPDATE gmail_tokens SET tenant_id = 'tenant-' || right(user_id, 8)::int % $1`,
        [count],
      );
      await client.query('VACUUM ANALYZE gmail_tokens');
      const tenants = [...Array(count).keys()].map((tenant) => keep.forTenant(`tenant-${tenant}`));
      const measured = { plain: [], tenants: [] };
      for (let round = 0; round < rounds; round++) {
        progress(`${count} tenants: round ${round + 1} of ${rounds}`);
        const size = { callers, warmupMs, measureMs };
        const read = (of) => load(reader(users, of), size);
        measured.plain.push(await read(() => plain));
        measured.tenants.push(await read((index) => tenants[index % count]));
      }
      results.push({ tenants: count, callers, ...summarise(measured) });
    }
    return results;
  } finally {
    await Promise.all([plain.close(), keep.close()]);
    await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
}

/** Reads the users sequentially. */
function reader(users, of) {
  let next = 0;
  return async () => {
    const index = next++ % users.length;
    await of(index).gmail.getValidGmailToken(users[index]);
  };
}

function summarise({ plain, tenants }) {
  const rates = (rounds) => rounds.map((round) => round.opsPerSecond);
  return {
    plainPerSecond: spread(rates(plain)),
    tenantsPerSecond: spread(rates(tenants)),
    ratio: pairedRatios(rates(tenants), rates(plain)),
  };
}

/** @param {Awaited<ReturnType<typeof measureTenants>>} results */
export function tenantsText(results) {
  return table(
    [`reads for tenants, ${results[0].callers} callers`, 'plain ops/s', 'ops/s', 'of plain'],
    results.map(({ tenants, plainPerSecond, tenantsPerSecond, ratio }) => [
      `${tenants} ${tenants === 1 ? 'tenant' : 'tenants'}`,
      number(Math.round(plainPerSecond.median)),
      number(Math.round(tenantsPerSecond.median)),
      ratioText(ratio),
    ]),
  );
}
