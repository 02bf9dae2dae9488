/** Rows of `token_vault`, made and looked at without tokenkeep. */

import { createCrypto } from '../../support/old-vault/index.mjs';
import type { TestDatabase } from '../helpers/database';

/** Seals nothing outside tests. */
export const SECRET = 'a secret of the tests of the vault, long enough';
export const OTHER_SECRET = 'another secret of those tests, as long as it';

export const { encrypt, decrypt } = createCrypto(SECRET);

export interface Row {
  id: string;
  tenant_id: string;
  provider: string;
  token_type: string;
  identifier: string | null;
  encrypted_value: string;
  expires_at: Date | null;
  last_used_at: Date | null;
  last_refreshed_at: Date | null;
  is_valid: string;
  last_error: string | null;
  refreshing_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

export interface NewRow {
  provider?: string;
  tokenType?: string;
  identifier?: string | null;
  value?: string;
  /** Seconds that are left, by the database's clock; null: for ever. */
  left?: number | null;
  isValid?: string;
  lastError?: string | null;
}

/** Stores a row as a hand-written service would; gives its id. */
export async function insertRow(
  { client }: TestDatabase,
  tenantId: string,
  row: NewRow = {},
): Promise<string> {
  const { rows } = await client.query(
    `INSERT INTO token_vault (tenant_id, provider, token_type, identifier, encrypted_value,
       expires_at, is_valid, last_error)
     VALUES ($1, $2, $3, $4, $5, clock_timestamp() + $6 * interval '1 second', $7, $8)
     RETURNING id`,
    [
      tenantId,
      row.provider ?? 'google',
      row.tokenType ?? 'access_token',
      row.identifier ?? null,
      await encrypt(row.value ?? 'value-1'),
      row.left === undefined ? 3_600 : row.left,
      row.isValid ?? 'true',
      row.lastError ?? null,
    ],
  );
  return rows[0].id;
}

/** A row as it is. */
export async function rowOf({ client }: TestDatabase, id: string): Promise<Row | undefined> {
  return (await client.query('SELECT * FROM token_vault WHERE id = $1', [id])).rows[0];
}

/** All rows of a tenant: access tokens first. */
export async function rowsOf({ client }: TestDatabase, tenantId: string): Promise<Row[]> {
  const sql = 'SELECT * FROM token_vault WHERE tenant_id = $1 ORDER BY token_type, id';
  return (await client.query(sql, [tenantId])).rows;
}

/** Sets columns of a row, as somebody else might. */
export async function change({ client }: TestDatabase, id: string, set: string): Promise<void> {
  await client.query(`UPDATE token_vault SET ${set} WHERE id = $1`, [id]);
}
