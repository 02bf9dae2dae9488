/** Rows that were marked dead are tried again. */

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTokenKeep, type TokenKeep } from '../../dist/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { emptyDatabase, KEY, type TestDatabase } from '../helpers/database';
import { failureOf } from '../helpers/promises';
import type { Endpoint } from '../helpers/scene';
import { migrateOn } from '../helpers/tables';

const SECRET = 'a secret of at least 32 characters';
const CREDENTIALS = { clientId: 'client', clientSecret: 'secret' };

let database: TestDatabase;
let endpoint: Endpoint;
let keep: TokenKeep;
beforeAll(async () => {
  database = await emptyDatabase();
  await migrateOn(database, { stores: ['zoho', 'vault', 'integration'] });
});
afterAll(() => database.drop());
beforeEach(async () => {
  endpoint = (await startTokenEndpoint()) as Endpoint;
  keep = createTokenKeep({
    databaseUrl: database.url,
    tokenkeepKey: KEY,
    encryptionSecret: SECRET,
    zohoTokenUrl: endpoint.url,
    googleClientId: 'client',
    googleClientSecret: 'secret',
    googleTokenUrl: endpoint.url,
  });
});
afterEach(async () => {
  await keep.close();
  await endpoint.close();
  await database.client.query('TRUNCATE oauth_tokens, token_vault, integration_tokens');
});

const past = () => new Date(Date.now() - 60_000);

/** Of each store that marks rows: a stored connection, and a call that refreshes it. */
const STORES = {
  async zoho() {
    const id = randomUUID();
    const { accessToken, refreshToken } = endpoint.issue();
    await keep.zoho.storeTokens(id, 'zoho_crm', { accessToken, refreshToken, expiresIn: -60 });
    return () => keep.zoho.getAccessToken(id, 'zoho_crm', CREDENTIALS);
  },
  async vault() {
    const tenantId = randomUUID();
    const { accessToken, refreshToken } = endpoint.issue();
    const { storeToken } = keep.vault;
    const value = { value: accessToken, expiresAt: past() };
    await storeToken(tenantId, 'google', 'access_token', value);
    await storeToken(tenantId, 'google', 'refresh_token', { value: refreshToken });
    return async () =>
      (await keep.vault.getAccessToken(tenantId, 'google', undefined, 5, { refresh: true }))!.token
        .value;
  },
  async integration() {
    const userId = randomUUID();
    const tokens = { ...endpoint.issue(), expiresAt: past(), scopes: [] };
    await keep.integration.storeToken(userId, 'google', tokens);
    return async () => (await keep.integration.getValidToken(userId, 'google')).accessToken;
  },
};

/** Of each store, what moves the marks an hour back. */
const EARLIER = {
  zoho: `UPDATE oauth_tokens SET invalid_since = invalid_since - interval '1 hour',
    updated_at = updated_at - interval '1 hour'`,
  vault: `UPDATE token_vault SET updated_at = updated_at - interval '1 hour'`,
  integration: `UPDATE integration_tokens SET invalid_since = invalid_since - interval '1 hour',
    updated_at = updated_at - interval '1 hour'`,
};

describe.each(['zoho', 'vault', 'integration'] as const)('%s: a row that was marked', (store) => {
  /** A row that the provider has called dead, once. */
  async function marked() {
    // A client that has refreshed a row is believed.
    await (
      await STORES[store]()
    )();
    const refresh = await STORES[store]();
    endpoint.script([{ status: 400, body: { error: 'invalid_grant' } }]);
    expect(await failureOf(refresh())).toMatchObject({ code: 'ERR_TOKENKEEP_REVOKED' });
    expect(await failureOf(refresh())).toMatchObject({ code: 'ERR_TOKENKEEP_REVOKED' });
    return refresh;
  }

  it('is refreshed again, and only once revived', async () => {
    const refresh = await marked();
    expect(await keep.revive({ store })).toBe(1);
    expect(typeof (await refresh())).toBe('string');
    expect(await keep.revive({ store })).toBe(0);
  });

  it('stays marked when that was before the time that is named', async () => {
    const refresh = await marked();
    await database.client.query(EARLIER[store]);
    expect(await keep.revive({ store, since: past() })).toBe(0);
    expect(await failureOf(refresh())).toMatchObject({ code: 'ERR_TOKENKEEP_REVOKED' });
    expect(await keep.revive({ store, since: new Date(Date.now() - 7_200_000) })).toBe(1);
    expect(typeof (await refresh())).toBe('string');
  });
});

describe('revive', () => {
  it('leaves a row as it is that its user disconnected', async () => {
    const refresh = await STORES.vault();
    const { rows } = await database.client.query(
      `SELECT id::text FROM token_vault WHERE token_type = 'refresh_token'`,
    );
    await keep.vault.markTokenInvalid(rows[0].id, 'the user is gone');
    expect(await keep.revive({ store: 'vault' })).toBe(0);
    await expect(refresh()).rejects.toThrow();
  });

  it.each([
    [{ store: 'gmail' }, 'store'],
    [{ store: 'zoho', since: 'yesterday' }, 'since'],
    [{ store: 'zoho', since: new Date(NaN) }, 'since'],
  ])('refuses %j', async (options, argument) => {
    const refused = await failureOf(keep.revive(options as never));
    expect(refused).toMatchObject({ code: 'ERR_TOKENKEEP_INVALID_ARGUMENT', argument });
  });
});
