/** Schema files of all five teams, with the relations of their own tables around tokenkeep's. */

import { eq, relations } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { pgEnum, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import * as tokenkeep from 'tokenkeep/drizzle';
import {
  gmailTokensRelations as relateGmail,
  integrationTokensRelations as relateIntegration,
  tokenVaultRelations as relateVault,
} from 'tokenkeep/drizzle/relations';

export const tenants = pgTable('tenants', { id: text('id').primaryKey() });
export const users = pgTable('users', { id: text('id').primaryKey(), email: text('email') });
export const companies = pgTable('companies', { id: uuid('id').primaryKey() });
export const gmailTokens = tokenkeep.gmailTokensTable({ users, tenants });
export const oauthTokens = tokenkeep.oauthTokensTable();
export const tokenVault = tokenkeep.tokenVaultTable({ tenants: companies });
export const googleCalendarTokens = tokenkeep.googleCalendarTokensTable({ users: companies });
export const integrationTokens = tokenkeep.integrationTokensTable({ users });

export const tokenProviderEnum = pgEnum('token_provider', [
  ...tokenkeep.tokenProviderEnum.enumValues,
  'stripe',
]);
export const extendedVault = tokenkeep.tokenVaultTable({ tokenProviderEnum });
export const extendedIntegration = tokenkeep.integrationTokensTable({
  users,
  columns: { note: text('note'), userId: text('user_id').notNull().$type<`user-${string}`>() },
});

export const gmailTokensRelations = relateGmail({ gmailTokens, users, tenants });
export const tokenVaultRelations = relateVault({ tokenVault, tenants: companies });
export const integrationTokensRelations = relateIntegration({ integrationTokens, users });
export const usersRelations = relations(users, ({ one, many }) => ({
  gmailToken: one(gmailTokens),
  integrations: many(integrationTokens),
}));

/** The team's own. */
export type OAuthToken = typeof oauthTokens.$inferSelect;
export type NewTokenVaultEntry = typeof tokenVault.$inferInsert;

export const db = drizzle('postgres://127.0.0.1/nowhere', {
  schema: {
    tenants,
    users,
    usersRelations,
    companies,
    gmailTokens,
    gmailTokensRelations,
    oauthTokens,
    tokenVault,
    tokenVaultRelations,
    integrationTokens,
    integrationTokensRelations,
  },
});

export async function emails() {
  const row = await db.query.gmailTokens.findFirst({ with: { user: true, tenant: true } });
  const user = await db.query.users.findFirst({ with: { gmailToken: true, integrations: true } });
  const expiry: Date | undefined = user?.gmailToken?.expiresAt;
  const scopes: string[] | undefined = user?.integrations[0]?.scopes;
  const email: string | null | undefined = row?.user.email;
  const [zoho] = await db.select().from(oauthTokens).where(eq(oauthTokens.provider, 'zoho_crm'));
  const stored: OAuthToken | undefined = zoho;
  const [own] = await db.select().from(extendedIntegration);
  const note: [string | null, `user-${string}`] | undefined = own && [own.note, own.userId];
  return { email, expiry, scopes, stored, note };
}

export const listed = () => db.query.integrationTokens.findMany({ with: { user: true } });
