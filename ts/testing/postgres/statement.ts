/** Statements on connections of their own. */

import { loadPg } from './peer';

/** The first row that a statement gives, and how many it has found. */
export interface Answer {
  row: Record<string, unknown> | undefined;
  count: number;
}

/** Runs one statement. */
export async function run(url: string, sql: string, values: unknown[] = []): Promise<Answer> {
  const { Client } = loadPg();
  const client = new Client({ connectionString: url });
  // A server that goes away is told to whoever waits for the statement.
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows, rowCount } = await client.query(sql, values);
    return { row: rows[0], count: rowCount ?? 0 };
  } finally {
    await client.end();
  }
}

/** Makes a database on the server of `url`; gives the URL of the new one. */
export async function createDatabase(url: string, name: string): Promise<string> {
  await run(url, `CREATE DATABASE ${quoted(name)}`);
  const created = new URL(url);
  created.pathname = `/${encodeURIComponent(name)}`;
  return created.href;
}

/** Drops a database, also while somebody is connected to it. */
export async function dropDatabase(url: string, name: string): Promise<void> {
  await run(url, `DROP DATABASE IF EXISTS ${quoted(name)} WITH (FORCE)`);
}

/** A name as SQL has it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
