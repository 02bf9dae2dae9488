import { eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integrationTokensTable } from 'tokenkeep/drizzle';

const tokens = integrationTokensTable();
const database = drizzle('postgres://127.0.0.1/unused');
const rows = database.select().from(tokens).where(eq(tokens.userId, 'user'));

export const scopes: Promise<string[] | undefined> = rows.then(([row]) => row?.scopes);
// @ts-expect-error a scope is a text
export const wrong: Promise<number[] | undefined> = rows.then(([row]) => row?.scopes);
