/** 1,000 calls of two tenants, in between each other: each must get its own, and only that. */

import { expect } from 'vitest';
import type { TokenKeep } from '../../dist/index.js';
import type { Endpoint } from '../helpers/scene';
import { params, rowOf, someUser } from '../helpers/rows';
import { A, B, type Roles } from './roles';

/** `keep` is held by row-level security, `owner` is not. */
export async function tenantStorm(
  database: Roles,
  google: Pick<Endpoint, 'issue' | 'requests'>,
  keep: TokenKeep,
  owner: TokenKeep,
): Promise<void> {
  const users = await Promise.all(
    [...Array(20).keys()].map(async (index) => {
      const [user, tenant] = [someUser(), index % 2 === 0 ? A : B];
      const tokens = google.issue();
      const expiresAt = new Date(Date.now() + (index < 10 ? 3_600_000 : -1_000));
      const stored = { ...params(user, { tenantId: tenant, expiresAt }), ...tokens };
      await owner.gmail.upsertGmailTokens(stored);
      return { user, tenant };
    }),
  );
  const calls = [...Array(1_000).keys()].map((call) => {
    const { user, tenant } = users[call % 20]!;
    const asked = call % 3 === 0 ? tenant : call % 2 === 0 ? A : B;
    const { gmail } = keep.forTenant(asked);
    const own = asked === tenant;
    const kind = Math.floor(call / 20) % 4;
    if (kind === 3 && !own) return gmail.deleteGmailTokens(user);
    if (kind === 2) {
      return gmail.hasActiveGmailConnection(user).then((is) => expect(is).toBe(own));
    }
    const reading =
      kind === 1 ? gmail.getGmailTokenDecrypted(user) : gmail.getValidGmailToken(user);
    return reading.then(
      (token) => expect(token ? token.tenantId : null).toBe(own ? tenant : null),
      (error) => {
        expect(own).toBe(false);
        expect(error.code).toBe('ERR_TOKENKEEP_NOT_CONNECTED');
      },
    );
  });
  await Promise.all(calls);
  // Those that had run out were refreshed once each, by their own tenant.
  expect(google.requests).toHaveLength(10);
  for (const { user, tenant } of users) {
    expect(await rowOf(database, user)).toMatchObject({ tenant_id: tenant });
  }
}
