/** Runs single statements, each on its own connection. */

import { loadPg } from './packages';

/** The first row of a result, and the number of rows. */
export interface Answer {
  row: Record<string, unknown> | undefined;
  count: number;
}

/** Runs one statement. */
export async function run(url: string, sql: string, values: unknown[] = []): Promise<Answer> {
  const { Client } = loadPg();
  const client = new Client({ connectionString: url });
  // The query rejects if the connection is lost.
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows, rowCount } = await client.query(sql, values);
    return { row: rows[0], count: rowCount ?? 0 };
  } finally {
    await client.end();
  }
}

/** Creates a database on the server of `url`; returns its URL. */
export async function createDatabase(url: string, name: string): Promise<string> {
  await run(url, `CREATE DATABASE ${quoted(name)}`);
  const created = new URL(url);
  created.pathname = `/${encodeURIComponent(name)}`;
  return created.href;
}

/** Drops a database and its connections. */
export async function dropDatabase(url: string, name: string): Promise<void> {
  await run(url, `DROP DATABASE IF EXISTS ${quoted(name)} WITH (FORCE)`);
}

/** A quoted identifier. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
