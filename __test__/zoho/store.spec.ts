/** What `storeTokens` writes, what is kept, and what a missing row means. */

import { describe, expect, it } from 'vitest';
import { NotConnectedError } from '../../dist/index.js';
import { CREDENTIALS, someClient, useScene } from './scene';

const scene = useScene();
const EU = 'https://accounts.zoho.eu';

async function stored(...writes: object[]) {
  const { zoho } = scene.keep();
  const id = someClient();
  for (const tokens of writes) {
    await zoho.storeTokens(id, 'zoho_crm', { refreshToken: 'refresh', ...tokens });
  }
  return scene.row({ id });
}

describe('without a row', () => {
  it('there is no token, and the error has the text that callers know', async () => {
    const { zoho } = scene.keep();
    expect(await zoho.hasToken('acme', 'zoho_calendar')).toBe(false);
    const error = await zoho
      .getAccessToken('acme', 'zoho_calendar', CREDENTIALS)
      .catch((error) => error);
    expect(error).toBeInstanceOf(NotConnectedError);
    expect(error.message).toBe(
      'No OAuth token found for acme/zoho_calendar. Configure via env vars or database.',
    );
    expect(scene.endpoint.requests).toHaveLength(0);
  });

  it('of this provider, one of another is not taken', async () => {
    const { zoho } = scene.keep();
    const client = await scene.client({ left: 3_600 });
    expect(await zoho.hasToken(client.id, 'zoho_crm')).toBe(true);
    expect(await zoho.hasToken(client.id, 'zoho_calendar')).toBe(false);
    await expect(zoho.getAccessToken(client.id, 'zoho_calendar', CREDENTIALS)).rejects.toThrow(
      `No OAuth token found for ${client.id}/zoho_calendar`,
    );
  });
});

describe('storeTokens', () => {
  it('writes all that it is given', async () => {
    const id = someClient();
    const tokens = {
      accessToken: 'access',
      refreshToken: 'refresh',
      expiresIn: 3_600,
      scopes: 'ZohoCRM.modules.ALL,ZohoCalendar.event.ALL',
      metadata: { api_domain: 'https://www.zohoapis.eu', nested: { list: [1, 'ü'] } },
    };
    expect(await scene.keep().zoho.storeTokens(id, 'zoho_crm', tokens)).toBeUndefined();
    const row = await scene.row({ id });
    expect(row).toMatchObject({ provider: 'zoho_crm', scopes: tokens.scopes, refreshing_at: null });
    expect(row.metadata).toEqual(tokens.metadata);
    expect(row.left).toBeGreaterThan(3_590);
    expect(row.left).toBeLessThanOrEqual(3_600);
    expect(await scene.tokens({ id })).toEqual({ accessToken: 'access', refreshToken: 'refresh' });
  });

  it.each([
    ['nothing', {}],
    ['falsy values', { accessToken: '', expiresIn: 0, scopes: '' }],
    ['null', { accessToken: null, expiresIn: null, scopes: null, metadata: null }],
    ['a lifetime that is no number', { expiresIn: NaN }],
  ])('writes NULL for %s beside the refresh token', async (_, tokens) => {
    expect(await stored({ accessToken: 'a', expiresIn: 9, scopes: 's' }, tokens)).toMatchObject({
      access_token: null,
      left: null,
      scopes: null,
      metadata: null,
    });
  });

  it('takes a lifetime that is over already', async () => {
    expect((await stored({ accessToken: 'a', expiresIn: -60 })).left).toBeLessThan(-59);
  });

  it('that is repeated updates the row, whose id and creation stay', async () => {
    const { zoho } = scene.keep();
    const id = someClient();
    const times = async () => {
      const { rows } = await scene.database.client.query(
        `SELECT id, created_at::text AS created, updated_at::text AS updated FROM oauth_tokens
         WHERE client_id = $1`,
        [id],
      );
      expect(rows).toHaveLength(1);
      return rows[0];
    };
    await zoho.storeTokens(id, 'zoho_crm', { refreshToken: 'first', scopes: 'one' });
    const first = await times();
    await zoho.storeTokens(id, 'zoho_crm', { refreshToken: 'second' });
    const second = await times();
    expect(second).toMatchObject({ id: first.id, created: first.created });
    expect(second.updated > first.updated).toBe(true);
    expect(await scene.row({ id })).toMatchObject({ scopes: null });
  });

  it('64 times at once leaves one row, whose tokens belong together', async () => {
    const id = someClient();
    const [one, other] = [scene.keep(), scene.keep({ maxConnections: 3 })];
    await Promise.all(
      Array.from({ length: 64 }, (_, n) =>
        (n % 2 ? one : other).zoho.storeTokens(id, 'zoho_crm', {
          accessToken: `access-${n}`,
          refreshToken: `refresh-${n}`,
        }),
      ),
    );
    const { accessToken, refreshToken } = await scene.tokens({ id });
    expect(accessToken.replace('access', 'refresh')).toBe(refreshToken);
  });

  it('during a refresh wins over it', async () => {
    const client = await scene.client();
    const keep = scene.keep();
    const again = scene.endpoint.issue();
    scene.endpoint.script(async () => {
      const tokens = { ...again, expiresIn: 3_600, scopes: 'new' };
      await keep.zoho.storeTokens(client.id, 'zoho_crm', tokens);
      return undefined;
    });
    expect(await scene.token(client, keep)).toBe(again.accessToken);
    expect(await scene.tokens(client)).toEqual(again);
    expect(await scene.row(client)).toMatchObject({ scopes: 'new', refreshing_at: null });
    expect(scene.endpoint.requests).toHaveLength(1);
  });
});

describe('metadata', () => {
  const metadataOf = async (...writes: (object | null)[]) =>
    (await stored(...writes.map((metadata) => ({ metadata })))).metadata;

  it('is replaced as a whole', async () => {
    expect(await metadataOf({ api_domain: 'x', a: 1 }, { b: 2 })).toEqual({ b: 2 });
    expect(await metadataOf({ a: 1 }, null)).toBeNull();
  });

  it('keeps the accounts server, which later answers do not name', async () => {
    const first = { accounts_server: EU, a: 1 };
    expect(await metadataOf(first, { b: 2 })).toEqual({ accounts_server: EU, b: 2 });
    expect(await metadataOf(first, null)).toEqual({ accounts_server: EU });
    expect(await metadataOf(first, {}, null)).toEqual({ accounts_server: EU });
  });

  it('can name another accounts server, or none', async () => {
    const first = { accounts_server: EU };
    const other = { accounts_server: 'https://accounts.zoho.in' };
    expect(await metadataOf(first, other)).toEqual(other);
    expect(await metadataOf(first, { accounts_server: null }, { b: 2 })).toEqual({ b: 2 });
    expect(await metadataOf({ accounts_server: '' }, { b: 2 })).toEqual({ b: 2 });
  });

  it('that is no object, as an application may have written it, is replaced', async () => {
    const { zoho } = scene.keep();
    for (const odd of ['[1]', '"text"', '7', 'null']) {
      const client = await scene.client();
      const sql = 'UPDATE oauth_tokens SET metadata = $2::jsonb WHERE client_id = $1';
      await scene.database.client.query(sql, [client.id, odd]);
      expect(await zoho.hasToken(client.id, 'zoho_crm')).toBe(true);
      await zoho.storeTokens(client.id, 'zoho_crm', { ...client, metadata: { a: 1 } });
      expect((await scene.row(client)).metadata).toEqual({ a: 1 });
    }
  });
});
