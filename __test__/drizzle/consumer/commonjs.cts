/** The same in CommonJS, in short: drizzle-orm has other types there. */

import { drizzle } from 'drizzle-orm/node-postgres';
import { pgTable, text } from 'drizzle-orm/pg-core';
import { authUsers } from 'drizzle-orm/supabase';
import * as tokenkeep from 'tokenkeep/drizzle';
import * as related from 'tokenkeep/drizzle/relations';

const tenants = pgTable('tenants', { id: text('id').primaryKey(), name: text('name').notNull() });
const users = pgTable('users', { id: text('id').primaryKey(), email: text('email').notNull() });
const gmailTokens = tokenkeep.gmailTokensTable({ users, tenants });
const gmailTokensRelations = related.gmailTokensRelations({ gmailTokens, users, tenants });
const googleCalendarTokens = tokenkeep.googleCalendarTokensTable({ users: authUsers });
const integrationTokens = tokenkeep.integrationTokensTable({ users });
const integrationTokensRelations = related.integrationTokensRelations({
  integrationTokens,
  users,
});

const schema = {
  tenants,
  users,
  gmailTokens,
  gmailTokensRelations,
  googleCalendarTokens,
  integrationTokens,
  integrationTokensRelations,
};
const db = drizzle('postgres://127.0.0.1/nowhere', { schema });

/** A query, and the type of what it gives. */
export async function email(): Promise<string> {
  const row = await db.query.gmailTokens.findFirst({ with: { user: true } });
  // @ts-expect-error it was not asked for
  void row!.tenant;
  return row!.user.email;
}

/** The same of the calendar. */
export async function scopes(): Promise<string[] | null | undefined> {
  const row = await db.query.googleCalendarTokens.findFirst();
  // @ts-expect-error a time is a Date
  const wrong: string | null = row!.tokenExpiry;
  return wrong === null ? row!.scopes : undefined;
}

/** The same of an integration. */
export async function failures(): Promise<[string, number] | undefined> {
  const row = await db.query.integrationTokens.findFirst({ with: { user: true } });
  // @ts-expect-error there may have been none
  const wrong: string | undefined = row?.lastErrorCode;
  return row && wrong !== '' ? [row.user.email, row.failureCount] : undefined;
}
