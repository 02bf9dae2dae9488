/** The calendar store under Supabase's policy, as the role of a signed-in user. */

import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type TokenKeep, type TokenKeepOptions, withTenant } from '../../dist/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { type Supabase, supabaseDatabase } from '../helpers/supabase';
import { migrateOn } from '../helpers/tables';
import { instance } from './roles';

let database: Supabase;
let google: Awaited<ReturnType<typeof startTokenEndpoint>>;
let open: TokenKeep[] = [];
beforeAll(async () => {
  database = await supabaseDatabase();
  await migrateOn(database, { stores: ['calendar'] });
  google = await startTokenEndpoint();
});
afterAll(async () => {
  await google.close();
  await database.drop();
});
afterEach(async () => {
  await Promise.all(open.map((keep) => keep.close()));
  open = [];
});

function calendar(options: TokenKeepOptions = {}): TokenKeep['calendar'] {
  const keep = instance(database.userUrl, { googleTokenUrl: google.url, ...options });
  open.push(keep);
  return keep.calendar;
}

it('stores, reads, refreshes and deletes as the user whose row it is', async () => {
  const store = calendar({ jwtClaims: true, maxConnections: 2 });
  const users: string[] = [];
  while (users.length < 8) users.push(await database.user());
  const past = new Date(Date.now() - 1_000);
  await Promise.all(
    users.map((user) => {
      const { accessToken, refreshToken } = google.issue();
      return store.saveCalendarTokens(user, accessToken, refreshToken, past, ['a']);
    }),
  );
  const read = await Promise.all(users.map((user) => store.getCalendarTokens(user)));
  expect(new Set(read.map((tokens) => tokens!.accessToken)).size).toBe(users.length);
  const refreshed = await Promise.all(users.map((user) => store.getCredentialsForUser(user)));
  expect(google.requests).toHaveLength(users.length);
  for (const tokens of refreshed) expect(tokens!.access_token).toMatch(/^access-/);
  await store.deleteCalendarTokens(users[0]!);
  expect(await store.getCalendarTokens(users[0]!)).toBeNull();
  expect(await store.getCalendarTokens(users[1]!)).not.toBeNull();
  // The role sees the rows of the user it is told of, and no others.
  const seen = await database.asUser(users[1]!, 'SELECT user_id FROM google_calendar_tokens');
  expect(seen).toEqual([{ user_id: users[1] }]);
});

it.each([null, 'a tenant, whom the policy does not ask for'])(
  'without claims says what to set, within withTenant of %j, too',
  async (tenant) => {
    const user = await database.user();
    const required = {
      code: 'ERR_TOKENKEEP_TENANT_REQUIRED',
      message: expect.stringContaining('TOKENKEEP_JWT_CLAIMS=1'),
    };
    await withTenant(tenant, async () => {
      const store = calendar();
      await expect(store.getCalendarTokens(user)).rejects.toMatchObject(required);
      await expect(store.getCredentialsForUser(user)).rejects.toMatchObject(required);
      await expect(store.deleteCalendarTokens(user)).rejects.toMatchObject(required);
    });
  },
);
