/**
 * `tokenkeep/drizzle/relations`: relations for the relational queries of drizzle-orm 0.x. With 1.0, the
 * application declares the relations of all its tables together: docs/drizzle.md.
 */

import * as drizzle from 'drizzle-orm';
import type { One, Relations } from 'drizzle-orm';
import type { AnyPgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { GmailTokens } from './gmail-tokens.js';
import type { IntegrationTokens } from './integration-tokens.js';
import type { TokenVault, Values } from './token-vault.js';

/** A table of the application. */
export type RelatedTable = PgTable & { id: AnyPgColumn };

/** A required relation to one row. */
type OneOf<Table extends PgTable> = One<Table['_']['name'], true>;

/** The relations of the gmail store. */
export interface GmailTokensRelations<
  Users extends PgTable,
  Tenants extends PgTable,
> extends Relations<'gmail_tokens', { user: OneOf<Users>; tenant: OneOf<Tenants> }> {}

/** The relations of the vault store. */
export interface TokenVaultRelations<Tenants extends PgTable> extends Relations<
  'token_vault',
  { tenant: OneOf<Tenants> }
> {}

/** The relations of the integration store. */
export interface IntegrationTokensRelations<Users extends PgTable> extends Relations<
  'integration_tokens',
  { user: OneOf<Users> }
> {}

/** Relates a row of the gmail store to its `user` and its `tenant`. */
export function gmailTokensRelations<
  Users extends RelatedTable,
  Tenants extends RelatedTable,
>(tables: {
  gmailTokens: GmailTokens;
  users: Users;
  tenants: Tenants;
}): GmailTokensRelations<Users, Tenants> {
  const { gmailTokens, users, tenants } = tables;
  return relate()(gmailTokens, ({ one }) => ({
    user: one(users, { fields: [gmailTokens.userId], references: [users.id] }),
    tenant: one(tenants, { fields: [gmailTokens.tenantId], references: [tenants.id] }),
  }));
}

/** Relates a row of the vault store to its `tenant`. */
export function tokenVaultRelations<
  Tenants extends RelatedTable,
  Providers extends Values,
  Types extends Values,
>(tables: {
  tokenVault: TokenVault<Providers, Types>;
  tenants: Tenants;
}): TokenVaultRelations<Tenants> {
  const { tokenVault, tenants } = tables;
  return relate()(tokenVault, ({ one }) => ({
    tenant: one(tenants, { fields: [tokenVault.tenantId], references: [tenants.id] }),
  }));
}

/** Relates a row of the integration store to its `user`. */
export function integrationTokensRelations<Users extends RelatedTable>(tables: {
  integrationTokens: PgTable & { userId: AnyPgColumn };
  users: Users;
}): IntegrationTokensRelations<Users> {
  const { users } = tables;
  // Additional columns do not matter here.
  const integrationTokens = tables.integrationTokens as unknown as IntegrationTokens;
  return relate()(integrationTokens, ({ one }) => ({
    user: one(users, { fields: [integrationTokens.userId], references: [users.id] }),
  }));
}

/** drizzle's `relations`, looked up at each call: with 1.0, a named import of it would fail. */
function relate(): typeof drizzle.relations {
  const { relations } = drizzle as Partial<typeof drizzle>;
  if (relations) return relations;
  throw new TypeError(
    'drizzle-orm 1.0 has no relations(). Use defineRelations() instead, as docs/drizzle.md shows',
  );
}
