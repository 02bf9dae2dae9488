/** Tenants under row-level security: nobody sees, refreshes or deletes another's row. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type TokenKeep, type TokenKeepOptions, withTenant } from '../../dist/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { params, rowOf } from '../helpers/rows';
import { A, B, instance, type Roles, rolesDatabase } from './roles';
import { tenantStorm } from './storm';

let database: Roles;
let google: Awaited<ReturnType<typeof startTokenEndpoint>>;
const open: TokenKeep[] = [];
beforeAll(async () => {
  database = await rolesDatabase();
  google = await startTokenEndpoint();
});
afterAll(async () => {
  await google.close();
  await database.drop();
});
beforeEach(() => {
  google.requests.length = 0;
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((keep) => keep.close({ timeoutMs: 1_000 })));
});

function keepAs(url: string, options: TokenKeepOptions = {}): TokenKeep {
  const keep = instance(url, { googleTokenUrl: google.url, ...options });
  open.push(keep);
  return keep;
}

const REQUIRED = { name: 'TenantRequiredError', code: 'ERR_TOKENKEEP_TENANT_REQUIRED' };
const later = new Date('2031-01-01');
let count = 0;
const newUser = () => `user-${++count}`;
const uuid = () => crypto.randomUUID();

/** Each store: what stores a row of `tenant`, reads it, and deletes it. */
const STORES = {
  gmail: (keep: TokenKeep, tenant: string, user: string) => ({
    store: () => keep.gmail.upsertGmailTokens(params(user, { tenantId: tenant })),
    read: async () => (await keep.gmail.getGmailTokenDecrypted(user))?.accessToken,
    valid: async () => (await keep.gmail.getValidGmailToken(user)).accessToken,
    remove: () => keep.gmail.deleteGmailTokens(user),
  }),
  zoho: (keep: TokenKeep, tenant: string) => ({
    store: () =>
      keep.zoho.storeTokens(tenant, 'zoho_crm', {
        accessToken: 'access-1',
        refreshToken: 'refresh-1',
        expiresIn: 3_600,
      }),
    read: async () => ((await keep.zoho.hasToken(tenant, 'zoho_crm')) ? 'access-1' : undefined),
    valid: () => keep.zoho.getAccessToken(tenant, 'zoho_crm', { clientId: 'c', clientSecret: 's' }),
    remove: undefined,
  }),
  vault: (keep: TokenKeep, tenant: string, user: string) => ({
    store: () =>
      keep.vault.storeToken(tenant, 'google', 'access_token', {
        value: 'access-1',
        identifier: user,
      }),
    read: async () => (await keep.vault.getToken(tenant, 'google', 'access_token', user))?.value,
    valid: async () => (await keep.vault.getAccessToken(tenant, 'google', user))?.token.value,
    remove: () => keep.vault.deleteProviderTokens(tenant, 'google'),
  }),
  calendar: (keep: TokenKeep, _: string, user: string) => ({
    store: () => keep.calendar.saveCalendarTokens(user, 'access-1', 'refresh-1', later, []),
    read: async () => (await keep.calendar.getCalendarTokens(user))?.accessToken,
    valid: async () => (await keep.calendar.getCredentialsForUser(user))?.access_token,
    remove: () => keep.calendar.deleteCalendarTokens(user),
  }),
  integration: (keep: TokenKeep, _: string, user: string) => ({
    store: () =>
      keep.integration.storeToken(user, 'google', { accessToken: 'access-1', expiresAt: later }),
    read: async () => (await keep.integration.getToken(user, 'google'))?.accessToken,
    valid: async () => (await keep.integration.getValidToken(user, 'google')).accessToken,
    remove: () => keep.integration.revoke(user, 'google'),
  }),
};
const NAMES = Object.keys(STORES) as (keyof typeof STORES)[];

describe.each(NAMES)('%s, as a role that row-level security holds', (name) => {
  const user = uuid();
  const does = (keep: TokenKeep, tenant = A) => STORES[name](keep, tenant, user);

  it('without a tenant every call says so, and writes nothing', async () => {
    const keep = keepAs(database.plainUrl);
    for (const call of Object.values(does(keep))) {
      if (call) await expect(call()).rejects.toMatchObject(REQUIRED);
    }
  });

  it("shows a tenant its rows, and hides them from another's calls", async () => {
    const keep = keepAs(database.plainUrl);
    const [ours, theirs] = [keep.forTenant(A), keep.forTenant(B)];
    await does(ours).store();
    expect(await does(ours).read()).toBe('access-1');
    expect(await does(ours).valid()).toBe('access-1');
    expect(await does(theirs).read()).toBeUndefined();
    const hidden = await does(theirs)
      .valid()
      .catch((error) => error.code);
    expect([undefined, 'ERR_TOKENKEEP_NOT_CONNECTED']).toContain(hidden);
    await does(theirs).remove?.();
    expect(await does(ours).read()).toBe('access-1');
    // What was read without a tenant before, or will be, is told nothing by these calls.
    await expect(does(keep).read()).rejects.toMatchObject(REQUIRED);
    await does(ours).remove?.();
    if (does(ours).remove) expect(await does(ours).read()).toBeUndefined();
  });

  // The rows of the other stores name no tenant: a default gives them the caller's.
  if (['gmail', 'zoho', 'vault'].includes(name)) {
    it('writes no row that would be another tenant’s', async () => {
      const theirs = keepAs(database.plainUrl).forTenant(B);
      await expect(does(theirs).store()).rejects.toMatchObject({
        name: 'TenantMismatchError',
        code: 'ERR_TOKENKEEP_TENANT_MISMATCH',
      });
    });
  }

  it.each(['bypassUrl', 'ownerUrl'] as const)('hides nothing from %s', async (role) => {
    const keep = keepAs(database[role]);
    await does(keepAs(database.plainUrl).forTenant(A)).store();
    expect(await does(keep).read()).toBe('access-1');
    expect(await does(keep.forTenant(B)).read()).toBe('access-1');
    expect(await withTenant(B, () => does(keep).valid())).toBe('access-1');
  });

  it('hides them from the owner where row-level security is forced', async () => {
    const table = { gmail: 'gmail_tokens', zoho: 'oauth_tokens', vault: 'token_vault' };
    const forced = {
      ...table,
      calendar: 'google_calendar_tokens',
      integration: 'integration_tokens',
    };
    await database.client.query(`ALTER TABLE ${forced[name]} FORCE ROW LEVEL SECURITY`);
    try {
      const keep = keepAs(database.ownerUrl);
      await expect(does(keep).read()).rejects.toMatchObject(REQUIRED);
      expect(await does(keep.forTenant(A)).read()).toBe('access-1');
      expect(await does(keep.forTenant(B)).read()).toBeUndefined();
    } finally {
      await database.client.query(`ALTER TABLE ${forced[name]} NO FORCE ROW LEVEL SECURITY`);
    }
  });
});

describe('withTenant', () => {
  it('reaches what is awaited in it, and nothing beside it', async () => {
    const keep = keepAs(database.plainUrl);
    const user = newUser();
    await withTenant(A, async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      await keep.gmail.upsertGmailTokens(params(user, { tenantId: A }));
    });
    const reads = [A, B, A, B].map((tenant) =>
      withTenant(tenant, () => keep.gmail.hasActiveGmailConnection(user)),
    );
    expect(await Promise.all(reads)).toEqual([true, false, true, false]);
    await expect(keep.gmail.hasActiveGmailConnection(user)).rejects.toMatchObject(REQUIRED);
  });

  it('gives way to the innermost, to null, and to forTenant', async () => {
    const keep = keepAs(database.plainUrl);
    const user = newUser();
    const isThere = () => keep.gmail.hasActiveGmailConnection(user);
    await keep.forTenant(A).gmail.upsertGmailTokens(params(user, { tenantId: A }));
    expect(await withTenant(B, () => withTenant(A, isThere))).toBe(true);
    await expect(withTenant(A, () => withTenant(null, isThere))).rejects.toMatchObject(REQUIRED);
    const ours = keep.forTenant(A).gmail;
    expect(await withTenant(B, () => ours.hasActiveGmailConnection(user))).toBe(true);
    expect(await keep.forTenant(B).forTenant(A).gmail.hasActiveGmailConnection(user)).toBe(true);
  });

  it('gives what the function gives, and throws what it throws', () => {
    expect(withTenant(A, () => 7)).toBe(7);
    expect(() =>
      withTenant(A, () => {
        throw new RangeError('mine');
      }),
    ).toThrow(RangeError);
  });

  it.each(['', 'a\0b', 'x'.repeat(1_025), '\ud800', 7 as unknown as string])(
    'refuses an id that no tenant can have',
    (id) => {
      for (const call of [
        () => withTenant(id, () => 1),
        () => keepAs('postgres://h/d').forTenant(id),
      ]) {
        expect(call).toThrow(
          expect.objectContaining({ name: 'InvalidArgumentError', argument: 'tenantId' }),
        );
      }
    },
  );

  it('quotes an id that tries to be more than an id', async () => {
    const keep = keepAs(database.plainUrl);
    const user = newUser();
    for (const tenant of [`o'brien`, `\\'; DROP TABLE gmail_tokens; --`, `$1 "${A}"`, '漢字 ü']) {
      const ours = keep.forTenant(tenant).gmail;
      await ours.upsertGmailTokens(params(`${user}${tenant}`, { tenantId: tenant }));
      expect(await ours.hasActiveGmailConnection(`${user}${tenant}`)).toBe(true);
      expect(await keep.forTenant(A).gmail.hasActiveGmailConnection(`${user}${tenant}`)).toBe(
        false,
      );
    }
  });
});

describe('two tenants at once', () => {
  it('never see, refresh or delete a row of the other, also inside one combined read', async () => {
    const keep = keepAs(database.plainUrl, { maxConnections: 2 });
    await tenantStorm(database, google, keep, keepAs(database.bypassUrl));
  });

  it('get answers that are larger than what is read off the network at once', async () => {
    const keep = keepAs(database.plainUrl, { maxConnections: 2 });
    const users = await Promise.all(
      [...Array(32).keys()].map(async (index) => {
        const [user, tenant] = [newUser(), index % 2 === 0 ? A : B];
        const accessToken = `${index}`.padEnd(60_000, 'x');
        await keep
          .forTenant(tenant)
          .gmail.upsertGmailTokens(params(user, { tenantId: tenant, accessToken }));
        return { user, tenant, accessToken };
      }),
    );
    const reads = users.map(({ user, tenant }) =>
      keep.forTenant(tenant).gmail.getGmailTokenDecrypted(user),
    );
    const read = (await Promise.all(reads)).map((token) => token!.accessToken);
    expect(read).toEqual(users.map(({ accessToken }) => accessToken));
  });

  it('leave nothing behind on their connections', async () => {
    const keep = keepAs(database.plainUrl, { maxConnections: 1 });
    const user = newUser();
    await keep.forTenant(A).gmail.upsertGmailTokens(params(user, { tenantId: A }));
    await keep.forTenant(A).gmail.getGmailTokenDecrypted(user);
    // The same connection, without a tenant: also the setting that is left empty hides everything.
    await expect(keep.gmail.getGmailTokenDecrypted(user)).rejects.toMatchObject(REQUIRED);
  });
});

describe('a refresh', () => {
  it('is committed, marked revoked and released for the tenant that asked', async () => {
    const keep = keepAs(database.plainUrl);
    const store = async (user: string) => {
      const expired = { tenantId: A, expiresAt: new Date(Date.now() - 1_000) };
      await keep
        .forTenant(A)
        .gmail.upsertGmailTokens({ ...params(user, expired), ...google.issue() });
    };
    const [committed, revoked, released] = [newUser(), newUser(), newUser()];
    for (const user of [committed, revoked, released]) await store(user);
    const { gmail } = keep.forTenant(A);
    expect(await gmail.getValidGmailToken(committed)).toMatchObject({ tenantId: A });
    google.script([{ status: 400, body: { error: 'invalid_grant' } }]);
    await expect(gmail.getValidGmailToken(revoked)).rejects.toMatchObject({
      name: 'GmailTokenRevokedError',
    });
    expect(await rowOf(database, revoked)).toBeUndefined();
    google.script([{ status: 400, body: { error: 'invalid_client' } }]);
    await expect(gmail.getValidGmailToken(released)).rejects.toThrow();
    google.script([]);
    expect(await rowOf(database, released)).toMatchObject({ refreshing_at: null });
  });
});
