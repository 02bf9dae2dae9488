// A schema file: tables of the application's own, and all of tokenkeep's.
import { pgTable, text, uuid } from 'drizzle-orm/pg-core';
import * as tokenkeep from 'tokenkeep/drizzle';

export { tokenProviderEnum, tokenTypeEnum } from 'tokenkeep/drizzle';
export const tenants = pgTable('tenants', { id: text('id').primaryKey() });
export const users = pgTable('users', { id: text('id').primaryKey(), email: text('email') });
export const companies = pgTable('companies', { id: uuid('id').primaryKey() });
export const gmailTokens = tokenkeep.gmailTokensTable({ users, tenants });
export const oauthTokens = tokenkeep.oauthTokensTable();
export const tokenVault = tokenkeep.tokenVaultTable({ tenants: companies });
export const googleCalendarTokens = tokenkeep.googleCalendarTokensTable({
  users: companies,
  rowLevelSecurity: false,
});
export const integrationTokens = tokenkeep.integrationTokensTable({
  users,
  columns: { note: text('note') },
});

/** Rows as the compiler sees them, whichever version this is. */
export function rows(
  gmail: typeof gmailTokens.$inferSelect,
  vault: typeof tokenVault.$inferInsert,
  integration: typeof integrationTokens.$inferSelect,
): [string, Date | null, 'google' | string, string | null | undefined, string[], string | null] {
  const { scopes, note } = integration;
  // @ts-expect-error a moment is a Date
  void (gmail.expiresAt satisfies string);
  return [gmail.id, gmail.refreshingAt, vault.provider, vault.identifier, scopes, note];
}
