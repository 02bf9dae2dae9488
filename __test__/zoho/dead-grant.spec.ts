/** A grant that Zoho revoked: the row stays and is marked, until the user connects again. */

import { beforeEach, describe, expect, it } from 'vitest';
import { TokenRevokedError } from '../../dist/index.js';
import { createOldZohoService } from '../../support/old-zoho/index.mjs';
import { failureOf } from '../helpers/promises';
import { CREDENTIALS, type NewRow, useScene } from './scene';

const scene = useScene();
beforeEach(() => scene.knownClient());
const DEAD = { status: 400, body: { error: 'invalid_code' } };

/** A client whose grant has just turned out to be dead. */
async function deadClient(row: NewRow = {}) {
  const client = await scene.client(row);
  const keep = scene.keep();
  scene.endpoint.script(() => DEAD);
  const error = await failureOf(scene.token(client, keep));
  scene.endpoint.script([]);
  scene.endpoint.requests.length = 0;
  return { client, keep, error };
}

describe('a dead grant', () => {
  it.each(['invalid_code', 'invalid_grant'])('is marked with the reason: %s', async (code) => {
    const client = await scene.client({ metadata: { a: 1 } });
    scene.endpoint.script([{ status: 400, body: { error: code } }]);
    const error = await failureOf(scene.token(client));
    expect(error).toBeInstanceOf(TokenRevokedError);
    expect(error.message).toMatch(new RegExp(`^Token refresh failed: 400 - ${code}\\.`));
    expect(await scene.row(client)).toMatchObject({
      invalid_since: expect.any(Date),
      invalid_reason: code,
      refreshing_at: null,
      refresh_token: client.refreshToken,
      metadata: { a: 1 },
    });
  });

  it('costs no further request, here or in another process', async () => {
    const { client, keep } = await deadClient();
    const other = await scene.process();
    for (let call = 0; call < 5; call++) {
      const error = await failureOf(scene.token(client, keep));
      expect(error).toMatchObject({ code: 'ERR_TOKENKEEP_REVOKED', retryable: false });
      expect(error.message).toMatch(/^Token refresh failed: invalid_code/);
    }
    expect(await other.call('getAccessToken', client.id, 'zoho_crm', CREDENTIALS)).toMatch(
      /^failed: TokenRevokedError/,
    );
    expect(await keep.zoho.hasToken(client.id, 'zoho_crm')).toBe(true);
    expect(scene.endpoint.requests).toHaveLength(0);
  });

  it('is the answer also while the access token would be usable', async () => {
    const { client, keep } = await deadClient({ left: 200 });
    await expect(scene.token(client, keep)).rejects.toThrow(TokenRevokedError);
  });

  it('is revived by storeTokens', async () => {
    const { client, keep } = await deadClient();
    const again = scene.endpoint.issue();
    await keep.zoho.storeTokens(client.id, 'zoho_crm', again);
    expect(await scene.row(client)).toMatchObject({ invalid_since: null, invalid_reason: null });
    await scene.token(client, keep);
    expect(scene.endpoint.requests.map(({ refreshToken }) => refreshToken)).toEqual([
      again.refreshToken,
    ]);
  });

  it('is revived by storeTokens of an old instance, which does not know the mark', async () => {
    const { client, keep } = await deadClient();
    const old = createOldZohoService({ databaseUrl: scene.database.url });
    // The mark was set in this second: the user takes longer to connect anew.
    await scene.database.client.query(
      `UPDATE oauth_tokens SET invalid_since = invalid_since - interval '1 minute',
         updated_at = updated_at - interval '1 minute' WHERE client_id = $1`,
      [client.id],
    );
    await expect(scene.token(client, keep)).rejects.toThrow(TokenRevokedError);
    const fresh = scene.endpoint.issue();
    await old.storeTokens(client.id, 'zoho_crm', { ...fresh, expiresIn: 3_600 });
    expect(await scene.token(client, keep)).toBe(fresh.accessToken);

    const spent = scene.endpoint.issue();
    await old.storeTokens(client.id, 'zoho_crm', spent);
    await old.close();
    expect(await scene.row(client)).toMatchObject({ invalid_since: expect.any(Date) });
    const token = await scene.token(client, keep);
    expect(scene.endpoint.familyOfAccess(token)).toBe(scene.endpoint.familyOf(spent.refreshToken));
    expect(await scene.row(client)).toMatchObject({ invalid_since: null, invalid_reason: null });
  });
});

it('a refused refresh token marks no row that has another one by now', async () => {
  const client = await scene.client();
  const keep = scene.keep();
  const again = scene.endpoint.issue();
  let isFirst = true;
  scene.endpoint.script(async () => {
    if (!isFirst) return undefined;
    isFirst = false;
    await keep.zoho.storeTokens(client.id, 'zoho_crm', again);
    return DEAD;
  });
  await scene.token(client, keep);
  expect(await scene.row(client)).toMatchObject({ invalid_since: null, invalid_reason: null });
});
