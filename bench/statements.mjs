import pg from 'pg';

/** The settings with which a server must be started to count; it counts only when enabled. */
export const countingSettings = {
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'none',
};

/** Statements around the actual one; `set_config` counts as SET. */
const framing = ['BEGIN', 'SET', 'COMMIT', 'ROLLBACK'];

/**
 * @typedef {object} Statements
 * @property {number} all
 * @property {number} framing of these, `BEGIN`, `SET`, `COMMIT` and `ROLLBACK`
 * @property {Record<string, number>} byKind by the first word
 */

/**
 * Counts statements at the server, from all clients. Connections that were already open are not counted.
 */
export class StatementCounter {
  #client;

  constructor(client) {
    this.#client = client;
  }

  /**
   * Undefined if the server does not count, as may be the case for that of DATABASE_URL.
   *
   * @param {import('pg').Client} client of a role that may configure the database
   */
  static async start(client) {
    const counter = new StatementCounter(client);
    try {
      await client.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
      await counter.reset();
      await counter.#track(`SET pg_stat_statements.track = 'top'`);
      return counter;
    } catch {
      return undefined;
    }
  }

  async stop() {
    await this.#track('RESET pg_stat_statements.track');
  }

  async reset() {
    await this.#client.query(`SELECT pg_stat_statements_reset(0, oid, 0) FROM ${ours}`);
  }

  /** @returns {Promise<Statements>} since the last reset */
  async read() {
    const { rows } = await this.#client.query(counts);
    const byKind = Object.fromEntries(rows.map(({ kind, calls }) => [kind, calls]));
    const sum = (kinds) => kinds.reduce((total, kind) => total + (byKind[kind] ?? 0), 0);
    return { all: sum(Object.keys(byKind)), framing: sum(framing), byKind };
  }

  #track(setting) {
    const name = pg.escapeIdentifier(this.#client.database);
    return this.#client.query(`ALTER DATABASE ${name} ${setting}`);
  }
}

const ours = '(SELECT oid FROM pg_database WHERE datname = current_database()) AS ours';

const counts = `
  SELECT CASE WHEN query LIKE 'SELECT set_config(%' THEN 'SET'
              ELSE upper((regexp_match(query, '^(?:\\s|/\\*[^*]*\\*/)*(\\w+)'))[1]) END AS kind,
         sum(calls)::int AS calls
  FROM pg_stat_statements JOIN ${ours} ON dbid = oid
  GROUP BY kind ORDER BY kind`;
