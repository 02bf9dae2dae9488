/** Rows that are due, as `refreshExpiring` finds them. */

import { sealValue } from '../../dist/index.js';
import { KEY } from '../helpers/database';
import type { Endpoint } from '../helpers/scene';
import { type Scene, someUser } from './scene';

/** A connected user, and the refresh token that the row holds. */
export interface DueUser {
  userId: string;
  refreshToken: string;
}

/** How the rows are. */
export interface DueOptions {
  /** How many seconds are left: 600. */
  left?: number;
  provider?: string;
  endpoint?: Endpoint;
}

/** Adds so many connected users. */
export async function addDue(
  scene: Scene,
  count: number,
  { left = 600, provider = 'acme', endpoint = scene.endpoint }: DueOptions = {},
): Promise<DueUser[]> {
  process.env['TOKENKEEP_KEY'] = KEY;
  const rows = Array.from({ length: count }, () => {
    const userId = someUser();
    const { accessToken, refreshToken } = endpoint.issue();
    const seal = (column: string, token: string) =>
      sealValue('integration', column, [userId, provider], token);
    const sealed = [seal('access_token', accessToken), seal('refresh_token', refreshToken)];
    return { userId, refreshToken, sealed };
  });
  delete process.env['TOKENKEEP_KEY'];
  await scene.database.client.query(
    `INSERT INTO integration_tokens (user_id, provider, access_token, refresh_token, expires_at, scopes)
     SELECT u, $4, a, r, now() + $5 * interval '1 second', '{}' FROM unnest($1::text[], $2::text[], $3::text[]) AS t (u, a, r)`,
    [
      rows.map(({ userId }) => userId),
      rows.map(({ sealed }) => sealed[0]),
      rows.map(({ sealed }) => sealed[1]),
      provider,
      left,
    ],
  );
  return rows.map(({ userId, refreshToken }) => ({ userId, refreshToken }));
}

/** How many of these users have new tokens, and no lease. */
export async function refreshedOf(scene: Scene, users: readonly DueUser[]): Promise<number> {
  const { rows } = await scene.database.client.query(
    `SELECT count(*)::int AS n FROM integration_tokens
     WHERE user_id = ANY($1) AND expires_at > now() + interval '50 minutes' AND refreshing_at IS NULL`,
    [users.map(({ userId }) => userId)],
  );
  return rows[0].n;
}
