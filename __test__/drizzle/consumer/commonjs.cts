/** The same in CommonJS, in short: drizzle-orm has other types there. */

import { drizzle } from 'drizzle-orm/node-postgres';
import { pgTable, text } from 'drizzle-orm/pg-core';
import * as tokenkeep from 'tokenkeep/drizzle';

const tenants = pgTable('tenants', { id: text('id').primaryKey(), name: text('name').notNull() });
const users = pgTable('users', { id: text('id').primaryKey(), email: text('email').notNull() });
const gmailTokens = tokenkeep.gmailTokensTable({ users, tenants });
const gmailTokensRelations = tokenkeep.gmailTokensRelations({ gmailTokens, users, tenants });

const schema = { tenants, users, gmailTokens, gmailTokensRelations };
const db = drizzle('postgres://127.0.0.1/nowhere', { schema });

/** A query, and the type of what it gives. */
export async function email(): Promise<string> {
  const row = await db.query.gmailTokens.findFirst({ with: { user: true } });
  // @ts-expect-error it was not asked for
  void row!.tenant;
  return row!.user.email;
}
