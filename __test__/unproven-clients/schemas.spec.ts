/** Applications in several schemas of one database, told apart by `search_path`. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTokenKeep } from '../../dist/index.js';
import { expireToken } from '../../dist/testing/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { emptyDatabase, type TestDatabase } from '../helpers/database';
import { failureOf } from '../helpers/promises';
import type { Endpoint } from '../helpers/scene';
import { optionsFor } from '../testing/instance';

let database: TestDatabase;
let endpoint: Endpoint;
beforeAll(async () => {
  database = await emptyDatabase();
  endpoint = (await startTokenEndpoint()) as Endpoint;
});
afterAll(async () => {
  await endpoint.close();
  await database.drop();
});

const urlOf = (schema: string) => {
  const url = new URL(database.url);
  url.searchParams.set('options', `-csearch_path=${schema}`);
  return url.href;
};

it('what one application remembers of a user is no matter of the other one', async () => {
  const user = { store: 'integration', userId: 'user', provider: 'google' } as const;
  const applications = [];
  for (const schema of ['one', 'two']) {
    await database.client.query(`CREATE SCHEMA ${schema}`);
    const url = urlOf(schema);
    const keep = createTokenKeep({
      ...optionsFor(url, endpoint),
      googleClientId: `client of ${schema}`,
    });
    await keep.migrate({ stores: ['integration'] });
    const tokens = { ...endpoint.issue(), expiresAt: new Date(Date.now() + 3_600_000) };
    await keep.integration.storeToken('user', 'google', tokens);
    await expireToken(url, user);
    const { accessToken } = await keep.integration.getValidToken('user', 'google');
    expect(accessToken).toMatch(/^access-/);
    await keep.close();
    applications.push({ url, schema });
  }
  const { rows } = await database.client.query(
    'SELECT target_schema FROM tokenkeep.refresh_state ORDER BY 1',
  );
  expect(rows).toEqual([{ target_schema: 'one' }, { target_schema: 'two' }]);

  // The user of the first revokes: its client is known there, whatever the second has refreshed since.
  endpoint.script(() => ({ status: 400, body: { error: 'invalid_grant' } }));
  const { url, schema } = applications[0]!;
  const keep = createTokenKeep({
    ...optionsFor(url, endpoint),
    googleClientId: `client of ${schema}`,
  });
  await expireToken(url, user);
  expect(await failureOf(keep.integration.getValidToken('user', 'google'))).toMatchObject({
    code: 'ERR_TOKENKEEP_REVOKED',
  });
  await keep.close();
});
