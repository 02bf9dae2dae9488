/** A row in each store, every way to read it and to change it, and all that is stored. */

import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { TokenKeep } from '../../../dist/index.js';
import type { Endpoint } from '../../helpers/scene';
import { STORES } from '../every-store';
import { TABLES } from '../../helpers/tables';

type Store = (typeof STORES)[number];

/** What is done with a row. */
export interface Calls {
  table: string;
  read: () => Promise<unknown>;
  store: () => Promise<unknown>;
  remove: () => Promise<unknown>;
}

/** Stores a row in each store, spent unless `left` seconds are; gives what changes it. */
export async function makeRows(
  keep: TokenKeep,
  endpoint: Endpoint,
  left = -60,
): Promise<Record<Store, Calls> & { user: string }> {
  const user = randomUUID();
  const expiresAt = new Date(Date.now() + left * 1_000);
  const calls = callsOf(keep, user, { ...endpoint.issue(), expiresAt });
  for (const store of STORES) await calls[store].store();
  return { ...callsOn(keep, user), user };
}

/** The calls on the rows of a user, which store another token. */
export function callsOn(keep: TokenKeep, user: string): Record<Store, Calls> {
  const expiresAt = new Date(Date.now() + 7_200_000);
  return callsOf(keep, user, {
    accessToken: 'access-later',
    refreshToken: 'refresh-later',
    expiresAt,
  });
}

interface Token {
  accessToken: string;
  refreshToken: string;
  expiresAt: Date;
}

function callsOf(keep: TokenKeep, user: string, token: Token): Record<Store, Calls> {
  const { accessToken, refreshToken, expiresAt } = token;
  const { gmail, zoho, vault, calendar, integration } = keep;
  const of = (store: Store, calls: Omit<Calls, 'table'>): Calls => ({
    table: TABLES[store],
    ...calls,
  });
  return {
    gmail: of('gmail', {
      read: () => gmail.getGmailTokenDecrypted(user),
      store: () => gmail.upsertGmailTokens({ userId: user, tenantId: 't', ...token, scope: 's' }),
      remove: () => gmail.deleteGmailTokens(user),
    }),
    zoho: of('zoho', {
      read: () => zoho.hasToken(user, 'zoho_crm'),
      store: () => zoho.storeTokens(user, 'zoho_crm', { accessToken, refreshToken }),
      // The store has no other function that writes.
      remove: () => zoho.storeTokens(user, 'zoho_crm', { refreshToken }),
    }),
    vault: of('vault', {
      read: () => vault.getToken(user, 'google', 'refresh_token'),
      store: () => vault.storeToken(user, 'google', 'refresh_token', { value: refreshToken }),
      remove: () => vault.deleteProviderTokens(user, 'google'),
    }),
    calendar: of('calendar', {
      read: () => calendar.getCalendarTokens(user),
      store: () => calendar.saveCalendarTokens(user, accessToken, refreshToken, expiresAt, null),
      remove: () => calendar.deleteCalendarTokens(user),
    }),
    integration: of('integration', {
      read: () => integration.getToken(user, 'acme'),
      store: () => integration.storeToken(user, 'acme', { ...token, scopes: [] }),
      remove: () => integration.revoke(user, 'acme'),
    }),
  };
}

/** Every byte of every row; a use that is noted is no change. */
export async function allBytes(client: pg.Client): Promise<string[]> {
  const parts = Object.values(TABLES).map(
    (table) => `SELECT '${table}' || (to_jsonb(t) - 'last_used_at')::text AS row FROM ${table} t`,
  );
  const { rows } = await client.query(`${parts.join(' UNION ALL ')} ORDER BY 1`);
  return rows.map(({ row }) => row as string);
}
