/** A table as the application made it: read and written; only refreshing needs a migration. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { schema } from '../../support/old-zoho/index.mjs';
import { emptyDatabase } from '../helpers/database';
import { failureOf } from '../helpers/promises';
import { makeTables, migrateOn, tableOf } from '../helpers/tables';
import { type Client, Scene, someClient } from './scene';

const scene = new Scene();
beforeAll(async () => {
  scene.database = await emptyDatabase();
});
afterAll(() => scene.database.drop());
beforeEach(async () => {
  await scene.database.client.query('DROP TABLE IF EXISTS oauth_tokens');
  await makeTables(scene.database, schema);
  await scene.database.client.query(schema.UNIQUE_INDEX);
  await scene.open();
});
afterEach(() => scene.close());

const lacks = {
  code: 'ERR_TOKENKEEP_SCHEMA',
  message: expect.stringContaining('npx tokenkeep migrate'),
};

describe('a table without the added columns', () => {
  it('is read and written, and stays as it is', async () => {
    const before = await tableOf(scene.database, 'oauth_tokens');
    const keep = scene.keep();
    const client = await scene.client({ left: 3_600 });
    expect(await scene.token(client, keep)).toBe(client.accessToken);
    const stored = { id: someClient(), ...scene.endpoint.issue() };
    expect(await keep.zoho.hasToken(stored.id, 'zoho_crm')).toBe(false);
    const metadata = { accounts_server: 'https://accounts.zoho.eu' };
    for (const tokens of [{ metadata }, { expiresIn: 3_600 }]) {
      await keep.zoho.storeTokens(stored.id, 'zoho_crm', { ...stored, ...tokens });
    }
    expect(await keep.zoho.hasToken(stored.id, 'zoho_crm')).toBe(true);
    expect(await scene.token(stored, keep)).toBe(stored.accessToken);
    expect((await scene.row(stored)).metadata).toEqual(metadata);
    expect(await scene.tokens(stored)).toEqual({
      accessToken: stored.accessToken,
      refreshToken: stored.refreshToken,
    });
    expect(await tableOf(scene.database, 'oauth_tokens')).toEqual(before);
  });

  it('is read in one query for many clients, too', async () => {
    const keep = scene.keep();
    const clients: Client[] = [];
    while (clients.length < 20) clients.push(await scene.client({ left: 900 }));
    const tokens = await Promise.all(clients.map((client) => scene.token(client, keep)));
    expect(tokens).toEqual(clients.map(({ accessToken }) => accessToken));
  });

  it('is not refreshed: nothing is sent, and the error says what to run', async () => {
    const keep = scene.keep();
    const client = await scene.client();
    const before = await scene.row(client);
    await expect(scene.token(client, keep)).rejects.toMatchObject(lacks);
    const zohoRefreshToken = scene.endpoint.issue().refreshToken;
    await expect(scene.token({ id: someClient() }, { zohoRefreshToken })).rejects.toMatchObject(
      lacks,
    );
    expect(await scene.row(client)).toEqual({ ...before, left: expect.any(Number) });
    expect(scene.endpoint.requests).toHaveLength(0);
    const usable = await scene.client({ left: 120 });
    expect(await scene.token(usable, keep)).toBe(usable.accessToken);
  });

  it('is refreshed by the same instance as soon as it has them', async () => {
    const keep = scene.keep();
    const client = await scene.client();
    await expect(scene.token(client, keep)).rejects.toMatchObject(lacks);
    await migrateOn(scene.database, { stores: ['zoho'] });
    expect(await scene.token(client, keep)).toBe((await scene.tokens(client)).accessToken);
  });
});

it('a table without a unique key, or none at all, is an error that says what to run', async () => {
  const { zoho } = scene.keep();
  const store = () => zoho.storeTokens(someClient(), 'zoho_crm', { refreshToken: 'refresh' });
  await scene.database.client.query('DROP INDEX oauth_tokens_client_provider_unique');
  expect(await failureOf(store())).toMatchObject(lacks);
  await scene.database.client.query('DROP TABLE oauth_tokens');
  expect(await failureOf(store())).toMatchObject(lacks);
  expect(await failureOf(zoho.hasToken('client', 'zoho_crm'))).toMatchObject(lacks);
});
