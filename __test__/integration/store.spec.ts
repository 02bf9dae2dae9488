import { describe, expect, it } from 'vitest';
import { failureOf } from '../helpers/promises';
import { inSeconds, SCOPES, someUser, useScene } from './scene';

const scene = useScene();

describe('storeToken and getToken', () => {
  it('keep what was given, sealed for its row and column', async () => {
    const keep = scene.keep();
    const { storeToken, getToken } = keep.integration;
    const userId = someUser();
    expect(await getToken(userId, 'acme')).toBeNull();
    const token = {
      accessToken: 'at',
      refreshToken: 'rt',
      expiresAt: inSeconds(3_600),
      scopes: SCOPES,
    };
    await storeToken(userId, 'acme', token);
    expect(await getToken(userId, 'acme')).toStrictEqual({ ...token, metadata: {} });
    const row = (await scene.row(userId))!;
    expect(row.access_token).toMatch(/^tk1\./);
    const place = [userId, 'acme'];
    expect(keep.openValue('integration', 'refresh_token', place, row.refresh_token!)).toBe('rt');
    const elsewhere = () =>
      keep.openValue('integration', 'refresh_token', [userId, 'acme#2'], row.refresh_token!);
    expect(elsewhere).toThrow('Decryption failed');
  });

  it('keep several accounts of a user apart', async () => {
    const { storeToken, getToken } = scene.keep().integration;
    const userId = someUser();
    for (const provider of ['acme', 'acme#work', 'other']) {
      await storeToken(userId, provider, { accessToken: provider, expiresAt: inSeconds(60) });
    }
    for (const provider of ['acme', 'acme#work', 'other']) {
      expect(await getToken(userId, provider)).toMatchObject({
        accessToken: provider,
        refreshToken: null,
        scopes: [],
      });
    }
  });

  it.each([
    ['the same providers', () => ['acme', 'other']],
    ['accounts of their own', (user: number) => [`acme#${user}`, `other#${user}`]],
  ])('give everybody their own row in one combined read: %s', async (_, providersOf) => {
    const { storeToken, getToken } = scene.keep().integration;
    const users = Array.from({ length: 30 }, someUser);
    const pairs = users.flatMap((userId, user) =>
      providersOf(user).map((provider) => ({ userId, provider })),
    );
    // Some are missing, and some are not asked for.
    const isStored = (index: number) => index % 3 !== 0;
    const isAsked = (index: number) => index % 4 !== 1;
    await Promise.all(
      pairs
        .filter((_, index) => isStored(index))
        .map(({ userId, provider }) =>
          storeToken(userId, provider, {
            accessToken: userId + provider,
            expiresAt: inSeconds(60),
          }),
        ),
    );
    const asked = pairs.map((pair, index) => ({ ...pair, stored: isStored(index) }));
    const answers = await Promise.all(
      asked
        .filter((_, index) => isAsked(index))
        .map(async ({ userId, provider, stored }) => {
          const token = await getToken(userId, provider);
          return (token?.accessToken ?? null) === (stored ? userId + provider : null);
        }),
    );
    expect(answers).toHaveLength(45);
    expect(answers).not.toContain(false);
  });

  it('replace everything, and free the lease', async () => {
    const keep = scene.keep();
    const { userId } = await scene.user(keep);
    await scene.change(userId, `refreshing_at = now(), invalid_since = now(), failure_count = 3`);
    await keep.integration.storeToken(userId, 'acme', {
      accessToken: 'at',
      refreshToken: 'rt',
      expiresAt: inSeconds(3_600),
    });
    expect(await scene.row(userId)).toMatchObject({
      refreshing_at: null,
      invalid_since: null,
      failure_count: 0,
      scopes: [],
    });
  });

  it.each([undefined, null, ''])(
    'keep the refresh token, and the lease, given %j',
    async (none) => {
      const keep = scene.keep();
      const { userId, refreshToken } = await scene.user(keep);
      await scene.change(userId, `refreshing_at = '2020-01-01'`);
      const token = { accessToken: 'at', refreshToken: none, expiresAt: inSeconds(3_600) };
      await keep.integration.storeToken(userId, 'acme', token);
      expect(await keep.integration.getToken(userId, 'acme')).toMatchObject({
        accessToken: 'at',
        refreshToken,
      });
      expect((await scene.row(userId))!.refreshing_at).not.toBeNull();
    },
  );

  it('name no scopes where an empty text was split into them, stored and asked for', async () => {
    const { integration } = scene.keep();
    const [userId, scopes] = [someUser(), ''.split(' ')];
    const token = { accessToken: 'at', expiresAt: inSeconds(3_600), scopes };
    await integration.storeToken(userId, 'acme', token);
    expect((await scene.row(userId))!.scopes).toEqual([]);
    const options = { scopes };
    expect(await integration.getValidToken(userId, 'acme', options)).toMatchObject({ scopes: [] });
  });

  it('refuse what no column takes before anything is sent, naming the argument', async () => {
    const { storeToken, getToken, getValidToken, revoke } = scene.keep({
      databaseUrl: 'postgres://127.0.0.1:1/none',
    }).integration;
    const token = { accessToken: 'at', expiresAt: new Date() };
    const long = 'x'.repeat(65_537);
    const wrong: [string, () => Promise<unknown>][] = [
      ['userId', () => getToken('', 'acme')],
      ['userId', () => getToken(7 as never, 'acme')],
      ['provider', () => getToken('u', '')],
      ['provider', () => revoke('u', 'x'.repeat(1_025))],
      ['userId', () => storeToken('a\0', 'acme', token)],
      ['accessToken', () => storeToken('u', 'acme', { ...token, accessToken: '' })],
      ['accessToken', () => storeToken('u', 'acme', { ...token, accessToken: long })],
      ['refreshToken', () => storeToken('u', 'acme', { ...token, refreshToken: long })],
      ['expiresAt', () => storeToken('u', 'acme', { ...token, expiresAt: new Date(NaN) })],
      ['expiresAt', () => storeToken('u', 'acme', { ...token, expiresAt: 7 as never })],
      ['scopes', () => storeToken('u', 'acme', { ...token, scopes: ['read', ''] })],
      ['scopes', () => storeToken('u', 'acme', { ...token, scopes: 'a b' as never })],
      ['token', () => storeToken('u', 'acme', null as never)],
      ['minTtlMs', () => getValidToken('u', 'acme', { minTtlMs: -1 })],
      ['minTtlMs', () => getValidToken('u', 'acme', { minTtlMs: 2 ** 32 })],
      ['options', () => getValidToken('u', 'acme', null as never)],
    ];
    for (const [argument, call] of wrong) {
      expect(await failureOf(call())).toMatchObject({
        code: 'ERR_TOKENKEEP_INVALID_ARGUMENT',
        argument,
      });
    }
  });
});

describe('unseal', () => {
  it('leaves plaintext, also where there is no refresh token', async () => {
    const keep = scene.keep();
    const { userId } = await scene.user(keep);
    await keep.integration.storeToken(userId, 'bare', {
      accessToken: 'at',
      expiresAt: inSeconds(60),
    });
    expect(await scene.keep({ sealing: 'off' }).unseal({ store: 'integration' })).toBeGreaterThan(
      1,
    );
    expect(await scene.row(userId, 'bare')).toMatchObject({
      access_token: 'at',
      refresh_token: null,
    });
    expect((await scene.row(userId))!.refresh_token).not.toMatch(/^tk1\./);
  });
});
