import { chmodSync, chownSync, copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { startPostgres } from '../../support/postgres.mjs';
import { callersOf, compare } from '../compare.mjs';
import { makeDatabase } from '../database.mjs';
import { hasOpenssl, makeCertificates } from './certificates.mjs';
import { networkReaders } from './readers.mjs';

/** Long enough for the server's first process to read its settings. */
const reloadMs = 500;
/** PostgreSQL's default, which the embedded server lowers for tests. */
const scramIterations = 4_096;

/**
 * Reads over TLS, with logins by SCRAM, from an embedded server of its own. Clients check the server's
 * certificate. `undefined` if OpenSSL's program is not installed.
 *
 * @param {import('../compare.mjs').Given} given
 */
export async function measureTls({ plan, settings, progress }) {
  if (!hasOpenssl()) return undefined;
  progress('TLS: a server with certificates');
  const certificates = makeCertificates();
  try {
    const server = await startPostgres();
    const database = await makeDatabase(server, plan.users);
    try {
      await secure(server, database.client, certificates);
      const { databaseUrl, encryptionKey } = database;
      const url = new URL(databaseUrl);
      url.hostname = 'localhost';
      const own = { databaseUrl: url.href, encryptionKey, caFile: certificates.authority };
      return await compare({
        title: 'reads over TLS',
        task: 'read',
        peers: networkReaders,
        loads: callersOf(plan.networkCallers),
        plan,
        database,
        settings: { ...settings, ...own },
        progress,
        whileConnected: () => requireTls(database.client),
      });
    } finally {
      await database.close();
    }
  } finally {
    certificates.remove();
  }
}

/** @param {import('pg').Client} client of the superuser */
async function secure({ dataDirectory, url }, client, { certificate, key }) {
  const { uid, gid } = statSync(dataDirectory);
  const files = { ssl_cert_file: certificate, ssl_key_file: key };
  for (const [setting, from] of Object.entries(files)) {
    // Relative to the data directory. PostgreSQL takes no key that others may read.
    copyFileSync(from, join(dataDirectory, `${setting}.pem`));
    chmodSync(join(dataDirectory, `${setting}.pem`), 0o600);
    chownSync(join(dataDirectory, `${setting}.pem`), uid, gid);
    await client.query(`ALTER SYSTEM SET ${setting} = '${setting}.pem'`);
  }
  const { username, password } = new URL(url);
  await client.query(`SET scram_iterations = ${scramIterations}`);
  await client.query(`ALTER ROLE ${username} PASSWORD '${password}'`);
  await client.query('ALTER SYSTEM SET ssl = on');
  await client.query('SELECT pg_reload_conf()');
  await sleep(reloadMs);
}

/** @param {import('pg').Client} client whose own connection is older than TLS */
async function requireTls(client) {
  const { rows } = await client.query(`
    SELECT count(*)::int AS all, count(*) FILTER (WHERE NOT ssl)::int AS plain
    FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
    WHERE datname = current_database() AND pid <> pg_backend_pid()`);
  if (rows[0].all > 0 && rows[0].plain === 0) return;
  throw new Error(`${rows[0].plain} of ${rows[0].all} connections are without TLS`);
}
