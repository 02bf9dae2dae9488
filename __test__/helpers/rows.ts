/** Rows of `gmail_tokens`, made and looked at without tokenkeep. */

import { randomUUID } from 'node:crypto';
import type { TestDatabase } from './database';
import { KEY } from './database';
import { open, seal } from './gmail-format';

export interface Row {
  id: string;
  tenant_id: string;
  user_id: string;
  encrypted_access_token: string;
  encrypted_refresh_token: string;
  expires_at: Date;
  scope: string;
  key_version: number;
  refreshing_at: Date | null;
  connected_at: Date;
  updated_at: Date;
}

export interface NewRow {
  userId?: string;
  tenantId?: string;
  accessToken?: string;
  refreshToken?: string;
  /** Seconds that the access token has left, by the database's clock. */
  left?: number;
  key?: string;
  keyVersion?: number;
  /** Seconds since the lease was taken, by the database's clock. */
  leaseAge?: number | null;
}

export const SCOPE = 'https://www.googleapis.com/auth/gmail.readonly';

/** Stores a row as an old TypeScript instance would; gives its user. */
export async function insertRow(database: TestDatabase, row: NewRow = {}): Promise<string> {
  const { userId = `user-${randomUUID()}`, tenantId = 'tenant-1', key = KEY } = row;
  await database.client.query(
    `INSERT INTO gmail_tokens (id, tenant_id, user_id, encrypted_access_token,
       encrypted_refresh_token, expires_at, scope, key_version, refreshing_at)
     VALUES ($1, $2, $3, $4, $5, clock_timestamp() + $6 * interval '1 second', $7, $8,
       clock_timestamp() - $9 * interval '1 second')`,
    [
      randomUUID(),
      tenantId,
      userId,
      seal(row.accessToken ?? 'access-old', key),
      seal(row.refreshToken ?? 'refresh-old', key),
      row.left ?? -60,
      SCOPE,
      row.keyVersion ?? 1,
      row.leaseAge ?? null,
    ],
  );
  return userId;
}

/** Several of them. */
export async function insertRows(database: TestDatabase, count: number): Promise<string[]> {
  const users: string[] = [];
  while (users.length < count) users.push(await insertRow(database));
  return users;
}

/** The row of a user as it is. */
export async function rowOf(database: TestDatabase, userId: string): Promise<Row | undefined> {
  const { rows } = await database.client.query('SELECT * FROM gmail_tokens WHERE user_id = $1', [
    userId,
  ]);
  return rows[0];
}

/** The tokens of a user's row, opened by Node's crypto. */
export async function tokensOf(database: TestDatabase, userId: string, key = KEY) {
  const row = await rowOf(database, userId);
  return (
    row && {
      accessToken: open(row.encrypted_access_token, key),
      refreshToken: open(row.encrypted_refresh_token, key),
    }
  );
}

/** The seconds that a row's access token has left, by the database's clock. */
export async function secondsLeft(database: TestDatabase, userId: string): Promise<number> {
  const { rows } = await database.client.query(
    `SELECT extract(epoch FROM expires_at - clock_timestamp())::float8 AS left
     FROM gmail_tokens WHERE user_id = $1`,
    [userId],
  );
  return rows[0].left;
}

/** Has the access token of a row run out. */
export async function expire(database: TestDatabase, userId: string): Promise<void> {
  await database.client.query(
    `UPDATE gmail_tokens SET expires_at = clock_timestamp() - interval '1 minute' WHERE user_id = $1`,
    [userId],
  );
}

/** Everything that is stored, to prove that nothing changed. */
export async function allRows(database: TestDatabase): Promise<Row[]> {
  return (await database.client.query('SELECT * FROM gmail_tokens ORDER BY user_id')).rows;
}

/** A user whom no other test knows. */
export const someUser = () => `user-${randomUUID()}`;

/** What a user's connection is stored from. */
export const params = (userId: string, other = {}) => ({
  userId,
  tenantId: 'tenant-1',
  accessToken: 'access-1',
  refreshToken: 'refresh-1',
  expiresAt: new Date('2031-02-03T04:05:06.789Z'),
  scope: SCOPE,
  ...other,
});
