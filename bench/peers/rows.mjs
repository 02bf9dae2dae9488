/** What the hand-written implementations on plain drivers have in common. */

const freshMs = 5 * 60_000;

/** The selected columns, those of the drizzle service. */
export const columns = `id, tenant_id, user_id, encrypted_access_token, encrypted_refresh_token,
  expires_at, scope, key_version, refreshing_at, connected_at, updated_at`;

/**
 * The object that callers get.
 *
 * @param {Record<string, any> | undefined} row
 * @param {(sealed: string) => string} decrypt
 */
export function tokenOf(row, decrypt) {
  if (!row) throw new Error('Gmail is not connected');
  if (row.expires_at.getTime() <= Date.now() + freshMs) throw new Error('not fresh');
  return {
    id: row.id,
    userId: row.user_id,
    tenantId: row.tenant_id,
    accessToken: decrypt(row.encrypted_access_token),
    refreshToken: decrypt(row.encrypted_refresh_token),
    expiresAt: row.expires_at,
    scope: row.scope,
    keyVersion: row.key_version,
    connectedAt: row.connected_at,
  };
}
