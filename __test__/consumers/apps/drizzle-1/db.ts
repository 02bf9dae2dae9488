// Relational queries of drizzle-orm 1.0, as docs/drizzle.md shows them.
import { defineRelations } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import * as tables from './job/drizzle/tables.js';

export const relations = defineRelations(tables, (r) => ({
  gmailTokens: {
    user: r.one.users({ from: r.gmailTokens.userId, to: r.users.id, optional: false }),
    tenant: r.one.tenants({ from: r.gmailTokens.tenantId, to: r.tenants.id, optional: false }),
  },
  tokenVault: {
    tenant: r.one.companies({ from: r.tokenVault.tenantId, to: r.companies.id, optional: false }),
  },
  integrationTokens: {
    user: r.one.users({ from: r.integrationTokens.userId, to: r.users.id, optional: false }),
  },
  users: { integrationTokens: r.many.integrationTokens() },
}));

export async function read(url: string) {
  const db = drizzle(url, { relations });
  const token = await db.query.gmailTokens.findFirst({ with: { user: true, tenant: true } });
  const user = await db.query.users.findFirst({ with: { integrationTokens: true } });
  const email: string | null | undefined = token?.user.email;
  await db.$client.end();
  return { token, user, email };
}
