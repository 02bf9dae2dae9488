/** What was left behind in the sessions that a pooler keeps at the server. */

import pg from 'pg';

/** What PgBouncer itself sets, for each client anew. */
const TRACKED =
  'application_name client_encoding DateStyle TimeZone standard_conforming_strings'.split(' ');

const LEFT = `
  SELECT 'set: ' || name || ' = ' || setting FROM pg_settings
    WHERE source = 'session' AND name <> ALL ($1)
  UNION ALL SELECT 'set: ' || name || ' = ' || current_setting(name, true)
    FROM unnest(ARRAY['app.current_tenant_id', 'request.jwt.claims', 'tokenkeep.schema']) AS name
    WHERE current_setting(name, true) <> ''
  UNION ALL SELECT 'prepared: ' || statement FROM pg_prepared_statements
  UNION ALL SELECT 'locked: ' || objid FROM pg_locks
    WHERE locktype = 'advisory' AND pid = pg_backend_pid()
  UNION ALL SELECT 'temporary: ' || relname FROM pg_class
    WHERE relpersistence = 't' AND relnamespace = pg_my_temp_schema()
  UNION ALL SELECT 'listening: ' || channel FROM pg_listening_channels() AS channel
  UNION ALL SELECT 'role: ' || current_user WHERE current_user <> session_user`;

/** One session at the server. */
export interface Session {
  pid: number;
  lockTimeout: string;
  statementTimeout: string;
  /** Whatever else is not as in a new session. */
  left: string[];
}

/**
 * Looks into all of them: so many clients as the pool has connections, each in a transaction, hold
 * every one of them at the same time.
 */
export async function lookIntoSessions(url: string, count: number): Promise<Session[]> {
  const clients = Array.from({ length: count }, () => new pg.Client(url));
  try {
    for (const client of clients) {
      await client.connect();
      await client.query('BEGIN');
    }
    const sessions = await Promise.all(clients.map(look));
    for (const client of clients) await client.query('COMMIT');
    return sessions;
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

async function look(client: pg.Client): Promise<Session> {
  const { rows } = await client.query(
    `SELECT pg_backend_pid() AS pid, current_setting('lock_timeout') AS "lockTimeout",
       current_setting('statement_timeout') AS "statementTimeout"`,
  );
  const left = await client.query({ text: LEFT, values: [TRACKED], rowMode: 'array' });
  return { ...rows[0], left: left.rows.map(([text]) => text as string).sort() };
}
