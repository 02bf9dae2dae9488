/** An application's schema and queries in an ES module. Only compiled: the types are the test. */

import { eq, relations } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgEnum, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { authUsers } from 'drizzle-orm/supabase';
import * as tokenkeep from 'tokenkeep/drizzle';
import * as related from 'tokenkeep/drizzle/relations';

export const tenants = pgTable('tenants', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
});
export const users = pgTable('users', {
  id: text('id').primaryKey(),
  tenantId: text('tenant_id').references(() => tenants.id),
  email: text('email').notNull(),
});
export const companies = pgTable('companies', {
  id: uuid('id').primaryKey(),
  label: text('label').notNull(),
});

export const gmailTokens = tokenkeep.gmailTokensTable({ users, tenants });
export const gmailTokensRelations = related.gmailTokensRelations({ gmailTokens, users, tenants });
export const usersRelations = relations(users, ({ one }) => ({ gmailToken: one(gmailTokens) }));
export const oauthTokens = tokenkeep.oauthTokensTable();
export const tokenProviderEnum = pgEnum('token_provider', [
  ...tokenkeep.tokenProviderEnum.enumValues,
  'stripe',
]);
export const tokenVault = tokenkeep.tokenVaultTable({ tenants: companies, tokenProviderEnum });
export const tokenVaultRelations = related.tokenVaultRelations({
  tokenVault,
  tenants: companies,
});
export const googleCalendarTokens = tokenkeep.googleCalendarTokensTable({ users: authUsers });
export const calendarRelations = relations(googleCalendarTokens, ({ one }) => ({
  company: one(companies, { fields: [googleCalendarTokens.userId], references: [companies.id] }),
}));
export const integrationTokens = tokenkeep.integrationTokensTable({
  users,
  columns: {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    userId: text('user_id').notNull().$type<`user-${string}`>(),
    note: text('note'),
  },
});
export const integrationTokensRelations = related.integrationTokensRelations({
  integrationTokens,
  users,
});

// @ts-expect-error a table without an id cannot be referred to
tokenkeep.gmailTokensTable({ users: pgTable('users', { name: text('name') }) });
// @ts-expect-error a user is a UUID there
tokenkeep.googleCalendarTokensTable({ users });

const db = drizzle('postgres://127.0.0.1/nowhere', {
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
    googleCalendarTokens,
    calendarRelations,
    integrationTokens,
    integrationTokensRelations,
  },
});

/** Queries, and the types of what they give. */
export async function types() {
  const gmail = await db.query.gmailTokens.findFirst({ with: { user: true, tenant: true } });
  const token: tokenkeep.GmailToken = gmail!;
  const { user, tenant, refreshingAt } = gmail!;
  const texts: [string, string, Date | null] = [user.email, tenant.name, refreshingAt];
  // @ts-expect-error it is a string
  const wrongEmail: number = user.email;

  const connected = await db.query.users.findFirst({ with: { gmailToken: true } });
  const expiresAt: Date | undefined = connected!.gmailToken?.expiresAt;

  const [zoho] = await db.select().from(oauthTokens).where(eq(oauthTokens.clientId, 'one'));
  const stored: tokenkeep.OAuthToken = zoho!;
  const created: tokenkeep.NewOAuthToken = { clientId: 'a', provider: 'b', refreshToken: 'c' };
  // @ts-expect-error the refresh token is missing
  const incomplete: tokenkeep.NewOAuthToken = { clientId: 'a', provider: 'b' };

  const entry = await db.query.tokenVault.findFirst({ with: { tenant: true } });
  const label: string = entry!.tenant.label;
  const provider: tokenkeep.TokenVaultEntry['provider'] | 'stripe' = entry!.provider;
  // @ts-expect-error it may be the application's own value
  const seeds: tokenkeep.TokenVaultEntry['provider'] = entry!.provider;
  const added: tokenkeep.NewTokenVaultEntry = {
    tenantId: 'id',
    provider: 'google',
    tokenType: 'api_key',
    encryptedValue: 'sealed',
  };
  // @ts-expect-error there is no such token type
  const misspelt: tokenkeep.NewTokenVaultEntry = { ...added, tokenType: 'apikey' };

  const calendar = await db.query.googleCalendarTokens.findFirst({ with: { company: true } });
  const row: tokenkeep.GoogleCalendarToken = calendar!;
  const scopes: string[] | null = calendar!.scopes;
  // @ts-expect-error there may be none
  const allScopes: string[] = calendar!.scopes;
  const ids = await db
    .select({ id: authUsers.id, expiry: googleCalendarTokens.tokenExpiry })
    .from(googleCalendarTokens)
    .innerJoin(authUsers, eq(authUsers.id, googleCalendarTokens.userId));
  const expiry: Date | null = ids[0]!.expiry;
  const inserted: tokenkeep.NewGoogleCalendarToken = {
    userId: 'id',
    accessToken: 'a',
    refreshToken: '',
  };
  // @ts-expect-error the refresh token is missing
  const unfinished: tokenkeep.NewGoogleCalendarToken = { userId: 'id', accessToken: 'a' };

  const integration = await db.query.integrationTokens.findFirst({ with: { user: true } });
  const { id, userId, note, lastErrorCode, failureCount } = integration!;
  const own: [number, `user-${string}`, string | null] = [id, userId, note];
  const health: [string | null, number] = [lastErrorCode, failureCount];
  // @ts-expect-error it is the application's own: a number
  const wrongId: string = integration!.id;
  const usual = tokenkeep.integrationTokensTable();
  const [found] = await db.select().from(usual).where(eq(usual.provider, 'google'));
  const connection: tokenkeep.IntegrationTokenRow = found!;
  const { expiresAt: expires } = connection;
  const inserting: tokenkeep.NewIntegrationTokenRow = {
    userId: 'user',
    provider: 'google#work',
    accessToken: 'a',
    expiresAt: expires,
    scopes: [],
  };
  // @ts-expect-error the expiry is missing
  const unexpiring: tokenkeep.NewIntegrationTokenRow = { ...inserting, expiresAt: undefined };

  return {
    integration: [own, health, wrongId, integration!.user.email, connection, unexpiring],
    gmail: [token, texts, wrongEmail, expiresAt],
    zoho: [stored, created, incomplete],
    vault: [label, provider, seeds, misspelt],
    calendar: [row, scopes, allScopes, calendar!.company.label, expiry, inserted, unfinished],
  };
}
