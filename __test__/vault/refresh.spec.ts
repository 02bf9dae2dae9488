/** getAccessToken with { refresh: true }: when it asks the provider, and what it stores. */

import { describe, expect, it } from 'vitest';
import type { TokenKeepOptions } from '../../dist/index.js';
import { failureOf } from '../helpers/promises';
import { rowsOf } from './rows';
import { type Pair, useScene } from './scene';

const scene = useScene();

const get = ({ tenantId }: Pair, options: TokenKeepOptions = {}, buffer?: number) =>
  scene.keep(options).vault.getAccessToken(tenantId, 'google', undefined, buffer, {
    refresh: true,
  });

describe('a token that has run out', () => {
  it('is refreshed at google, and both rows say so', async () => {
    const pair = await scene.pair();
    const answer = await get(pair);
    expect(answer).toStrictEqual({
      token: {
        id: pair.accessId,
        tenantId: pair.tenantId,
        provider: 'google',
        tokenType: 'access_token',
        value: expect.stringMatching(/^access-/),
        identifier: null,
        expiresAt: expect.any(Date),
        isValid: 'true',
        lastUsedAt: null,
      },
      needsRefresh: false,
    });
    expect(scene.endpoint.requests).toMatchObject([
      { form: { client_id: 'client', client_secret: 'secret' }, refreshToken: pair.refreshToken },
    ]);
    const access = (await scene.row(pair.accessId))!;
    const refresh = (await scene.row(pair.refreshId))!;
    const values = await scene.values(pair);
    expect(values.accessToken).toBe(answer!.token.value);
    expect(scene.endpoint.isAlive(values.refreshToken)).toBe(true);
    for (const row of [access, refresh]) {
      expect(row).toMatchObject({ is_valid: 'true', last_error: null, refreshing_at: null });
      expect(row.last_refreshed_at).toEqual(row.updated_at);
    }
    // One statement, one clock.
    expect(access.updated_at).toEqual(refresh.updated_at);
    expect(access.expires_at).toEqual(answer!.token.expiresAt);
    expect(await get(pair)).toMatchObject({ token: { value: answer!.token.value } });
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it.each([
    ['was marked when it expired', { isValid: 'false', lastError: 'Token expired', left: 3_600 }],
    ['was marked by the application', { isValid: 'false', lastError: '401', left: 3_600 }],
    ['is for ever, but invalid', { isValid: 'false', left: null }],
    ['was never stored', null],
  ])('or %s is refreshed', async (_, access) => {
    const pair = await scene.pair({ access });
    const answer = (await get(pair))!;
    expect(answer).toMatchObject({ token: { isValid: 'true' }, needsRefresh: false });
    const rows = await rowsOf(scene.database, pair.tenantId);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({ id: answer.token.id, is_valid: 'true', last_error: null });
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('is refreshed for its own identifier only', async () => {
    const pair = await scene.pair({ access: { identifier: 'a' }, refresh: { identifier: 'a' } });
    const { vault } = scene.keep();
    const call = (identifier?: string) =>
      vault.getAccessToken(pair.tenantId, 'google', identifier, 5, { refresh: true });
    expect(await call()).toBeNull();
    expect(await call('b')).toBeNull();
    expect(await call('a')).toMatchObject({ token: { identifier: 'a' } });
  });
});

describe('a token that is good enough', () => {
  it.each<[object, number | undefined]>([
    [{ left: 3_600 }, undefined],
    [{ left: 310 }, undefined],
    [{ left: null }, 1e9],
    [{ left: 90 }, 1],
    [{ left: 30 }, 0],
    [{ left: 30 }, -5],
    [{ left: 3_600, isValid: 'unknown' }, undefined],
  ])('%o with a buffer of %s is given as it is', async (access, buffer) => {
    const pair = await scene.pair({ access });
    const answer = await get(pair, {}, buffer);
    expect(answer).toMatchObject({ token: { value: pair.accessToken }, needsRefresh: false });
    expect(answer!.token.isValid).toBe((access as { isValid?: string }).isValid ?? 'true');
    expect(scene.endpoint.requests).toHaveLength(0);
  });

  it('needs no secret of google', async () => {
    const pair = await scene.pair({ access: { left: 3_600 } });
    expect(await get(pair, { googleClientId: '', googleClientSecret: '' })).not.toBeNull();
  });

  it.each([
    [30, false],
    [1e9, true],
    [Infinity, true],
  ])('is refreshed with a longer buffer: %s minutes', async (buffer, needsRefresh) => {
    const pair = await scene.pair({ access: { left: 1_200 } });
    const answer = (await get(pair, {}, buffer))!;
    expect(answer.token.value).not.toBe(pair.accessToken);
    expect(answer.needsRefresh).toBe(needsRefresh);
    expect(scene.endpoint.requests).toHaveLength(1);
  });
});

describe('a refresh that fails', () => {
  it('gives a token with over a minute left, and says that it should be refreshed', async () => {
    const pair = await scene.pair({ access: { left: 200, isValid: 'unknown' } });
    scene.endpoint.script(() => ({ status: 400, body: { error: 'invalid_scope' } }));
    expect(await get(pair)).toMatchObject({
      token: { value: pair.accessToken, isValid: 'unknown' },
      needsRefresh: true,
    });
  });

  it('is an error when there is no such token, and touches no row', async () => {
    const pair = await scene.pair();
    const before = await rowsOf(scene.database, pair.tenantId);
    scene.endpoint.script(() => ({ status: 400, body: { error: 'invalid_scope' } }));
    expect(await failureOf(get(pair))).toMatchObject({ name: 'ProviderRefusedError' });
    expect(await rowsOf(scene.database, pair.tenantId)).toEqual(before);
  });

  it('is tried again by nobody when the refresh token is missing', async () => {
    const pair = await scene.pair();
    await scene.keep().vault.deleteToken(pair.refreshId);
    expect(await failureOf(get(pair))).toMatchObject({ name: 'RefreshTokenMissingError' });
    expect(scene.endpoint.requests).toHaveLength(0);
  });
});

describe('an answer', () => {
  it('that rotates nothing keeps the refresh token, sealed anew', async () => {
    const pair = await scene.pair();
    const before = (await scene.row(pair.refreshId))!.encrypted_value;
    scene.endpoint.script(() => ({ rotate: false }));
    await get(pair);
    expect((await scene.values(pair)).refreshToken).toBe(pair.refreshToken);
    expect((await scene.row(pair.refreshId))!.encrypted_value).not.toBe(before);
  });

  it('that is shorter than the buffer is given, and says so', async () => {
    const pair = await scene.pair();
    scene.endpoint.script([{ body: (usual) => ({ ...usual, expires_in: 120 }) }]);
    expect(await get(pair)).toMatchObject({ needsRefresh: true });
  });
});
