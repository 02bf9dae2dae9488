/** When a row is refreshed, what is sent, and what of the answer is stored. */

import { describe, expect, it } from 'vitest';
import { CREDENTIALS, useScene } from './scene';

const scene = useScene();

describe('a token', () => {
  it('with more than five minutes left is given without a request', async () => {
    const client = await scene.client({ left: 310 });
    expect(await scene.token(client)).toBe(client.accessToken);
    expect(scene.endpoint.requests).toHaveLength(0);
  });

  it.each([
    ['has less than five minutes left', { left: 290 }],
    ['has run out', { left: -3_600 }],
    ['has an expiry of NULL', { left: null }],
    ['is NULL', { accessToken: null, left: 3_600 }],
    ['is empty', { accessToken: '', left: 3_600 }],
    ['is NULL, like its expiry', { accessToken: null, left: null }],
  ])('that %s is refreshed', async (_, row) => {
    const client = await scene.client(row);
    const token = await scene.token(client);
    expect(scene.endpoint.requests).toHaveLength(1);
    expect(token).not.toBe(client.accessToken);
    expect((await scene.tokens(client)).accessToken).toBe(token);
    const { left, refreshing_at } = await scene.row(client);
    expect(left).toBeGreaterThan(3_540);
    expect(left).toBeLessThanOrEqual(3_600);
    expect(refreshing_at).toBeNull();
  });

  it('is asked for as Zoho wants it', async () => {
    const client = await scene.client();
    await scene.token(client);
    expect(scene.endpoint.requests[0]!.form).toEqual({
      grant_type: 'refresh_token',
      client_id: CREDENTIALS.clientId,
      client_secret: CREDENTIALS.clientSecret,
      refresh_token: client.refreshToken,
    });
  });
});

describe('an empty refresh token', () => {
  it('is stored, and never sent', async () => {
    const keep = scene.keep();
    const client = await scene.client();
    await keep.zoho.storeTokens(client.id, 'zoho_crm', {
      accessToken: 'access',
      refreshToken: '',
      expiresIn: 400,
    });
    expect(await scene.token(client, keep)).toBe('access');
    await scene.expire(client);
    await expect(scene.token(client, keep)).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_REFRESH_TOKEN_MISSING',
      retryable: false,
    });
    expect(scene.endpoint.requests).toHaveLength(0);
  });

  it('of an old row is the same', async () => {
    const client = await scene.client({ refreshToken: '' });
    await expect(scene.token(client, { requireSealed: false })).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_REFRESH_TOKEN_MISSING',
    });
    const usable = await scene.client({ refreshToken: '', left: 120 });
    expect(await scene.token(usable)).toBe(usable.accessToken);
    expect(scene.endpoint.requests).toHaveLength(0);
  });
});

describe('an answer', () => {
  const refreshed = async (body: object, metadata: Record<string, unknown> | null) => {
    const client = await scene.client({ metadata });
    scene.endpoint.script([{ body: (usual: object) => ({ ...usual, ...body }) }]);
    await scene.token(client);
    return scene.row(client);
  };
  const api_domain = 'https://www.zohoapis.in';

  it('with a new refresh token replaces the old one; without one keeps it', async () => {
    const client = await scene.client();
    const keep = scene.keep();
    await scene.token(client, keep);
    const { refreshToken } = await scene.tokens(client);
    expect(refreshToken).not.toBe(client.refreshToken);
    expect(scene.endpoint.isAlive(refreshToken)).toBe(true);
    await scene.expire(client);
    scene.endpoint.script([{ rotate: false }]);
    await scene.token(client, keep);
    expect((await scene.tokens(client)).refreshToken).toBe(refreshToken);
  });

  it('leaves scopes and metadata alone but for api_domain, which it merges', async () => {
    const metadata = { accounts_server: 'https://accounts.zoho.in', api_domain: 'old', a: [1] };
    const row = await refreshed({ api_domain, scope: 'other' }, metadata);
    expect(row.metadata).toEqual({ ...metadata, api_domain });
    expect(row.scopes).toBe('ZohoCRM.modules.ALL');
    expect((await refreshed({ api_domain }, null)).metadata).toEqual({ api_domain });
    expect((await refreshed({}, { a: 1 })).metadata).toEqual({ a: 1 });
    expect((await refreshed({}, null)).metadata).toBeNull();
  });

  it.each([
    ['an array', [1]],
    ['a number', 7],
    ['empty', ''],
    ['too long', 'x'.repeat(1_025)],
  ])('whose api_domain is %s counts all the same, without it', async (_, odd) => {
    const row = await refreshed({ api_domain: odd }, { a: 1 });
    expect(row).toMatchObject({ metadata: { a: 1 }, refreshing_at: null });
    expect(row.left).toBeGreaterThan(3_500);
  });
});

describe('while the instance cannot seal', () => {
  it.each([
    ['no key', { tokenkeepKey: '' }, /^TOKENKEEP_KEY: is not set.*npx tokenkeep keygen/],
    ['a key that is none', { tokenkeepKey: 'secret' }, /^TOKENKEEP_KEY: /],
    ['an unknown setting', { sealing: 'OFF' as 'off' }, /^TOKENKEEP_SEALING: must be on or off/],
  ])('for %s nothing is asked for that would be lost', async (_, options, message) => {
    const client = await scene.client();
    const before = await scene.row(client);
    await expect(scene.token(client, options)).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_CONFIGURATION',
      message: expect.stringMatching(message),
    });
    expect(scene.endpoint.requests).toHaveLength(0);
    expect(await scene.row(client)).toEqual({ ...before, left: expect.any(Number) });
    const usable = await scene.client({ left: 120 });
    expect(await scene.token(usable, options)).toBe(usable.accessToken);
  });
});
