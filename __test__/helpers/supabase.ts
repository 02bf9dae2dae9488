/** A database as Supabase has it: users, who is asking, and the roles of a server and of a user. */

import { AUTH, MIGRATION } from '../../support/old-calendar/index.mjs';
import { emptyDatabase, type TestDatabase } from './database';

export interface Supabase extends TestDatabase {
  /** The role of servers, which row-level security does not hold. */
  serviceRole: string;
  /** For a connection as that role. */
  serviceUrl: string;
  /** The role of signed-in users, which it holds. */
  userRole: string;
  /** For a connection as that role. */
  userUrl: string;
  /** A signed-up user. */
  user(): Promise<string>;
  /** What a statement of a signed-in user gives. */
  asUser(userId: string, sql: string, values?: unknown[]): Promise<unknown[]>;
}

/** Makes one with the calendar table in it, as the application has made it by hand. */
export async function supabaseDatabase(): Promise<Supabase> {
  const database = await emptyDatabase();
  const { client } = database;
  const query = async (sql: string, values?: unknown[]) => (await client.query(sql, values)).rows;
  // Roles are the whole server's.
  const [serviceRole, userRole] = [`service_${client.database}`, `user_${client.database}`];
  await query(AUTH + MIGRATION);
  await query(`
    CREATE ROLE ${serviceRole} LOGIN PASSWORD 'role' BYPASSRLS;
    CREATE ROLE ${userRole} LOGIN PASSWORD 'role';
    GRANT USAGE ON SCHEMA auth TO ${userRole}, ${serviceRole};
    GRANT ALL ON google_calendar_tokens TO ${userRole}, ${serviceRole}`);
  const urlOf = (role: string) => {
    const url = new URL(database.url);
    [url.username, url.password] = [role, 'role'];
    return url.href;
  };
  return {
    ...database,
    serviceRole,
    userRole,
    serviceUrl: urlOf(serviceRole),
    userUrl: urlOf(userRole),
    async user() {
      const [row] = await query('INSERT INTO auth.users VALUES (gen_random_uuid()) RETURNING id');
      return row.id;
    },
    async asUser(userId, sql, values) {
      await query('BEGIN');
      try {
        await query(
          `SELECT set_config('role', $1, true), set_config('request.jwt.claims', $2, true)`,
          [userRole, JSON.stringify({ sub: userId })],
        );
        return await query(sql, values);
      } finally {
        await query('ROLLBACK');
      }
    },
    async drop() {
      await query(`DROP OWNED BY ${userRole}, ${serviceRole}`);
      await query(`DROP ROLE ${userRole}, ${serviceRole}`);
      await database.drop();
    },
  };
}
