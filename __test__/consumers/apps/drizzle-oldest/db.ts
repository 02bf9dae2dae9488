// Relational queries of drizzle-orm 0.x.
import { relations } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { gmailTokensRelations, integrationTokensRelations } from 'tokenkeep/drizzle/relations';
import * as tables from './job/drizzle/tables.js';

const { users, integrationTokens } = tables;
export const gmail = gmailTokensRelations(tables);
export const integration = integrationTokensRelations(tables);
export const ofUsers = relations(users, ({ many }) => ({
  integrationTokens: many(integrationTokens),
}));

export async function read(url: string) {
  const db = drizzle(url, { schema: { ...tables, gmail, integration, ofUsers } });
  const token = await db.query.gmailTokens.findFirst({ with: { user: true, tenant: true } });
  const user = await db.query.users.findFirst({ with: { integrationTokens: true } });
  const email: string | null | undefined = token?.user.email;
  await db.$client.end();
  return { token, user, email };
}
