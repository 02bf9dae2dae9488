/** Where a token is refreshed. */

import { createTokenKeep, type TokenKeepOptions } from '../../dist/index.js';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../helpers/promises';
import { insertRow } from './rows';
import { useScene } from './scene';

const scene = useScene();

/** A pair at another provider than google. */
async function pairAt(provider: string) {
  const pair = await scene.pair({ access: { provider }, refresh: { provider } });
  const call = (options: TokenKeepOptions, more = {}) =>
    scene.keep(options).vault.getAccessToken(pair.tenantId, provider, undefined, 5, {
      refresh: true,
      ...more,
    });
  return { ...pair, call };
}

const there = () => ({
  tokenUrl: scene.endpoint.url,
  clientId: 'an id',
  clientSecret: 'GOCSPX-of-others',
});

describe('a provider', () => {
  it('of the option is asked as the option says', async () => {
    const { call, refreshToken } = await pairAt('icount');
    expect(await call({ providers: { icount: there() } })).toMatchObject({ needsRefresh: false });
    expect(scene.endpoint.requests).toMatchObject([
      { refreshToken, form: { client_id: 'an id', client_secret: 'GOCSPX-of-others' } },
    ]);
  });

  it('of the option wins over one that is built in', async () => {
    const { call } = await pairAt('google');
    const nowhere = { googleTokenUrl: 'http://127.0.0.1:1/token' };
    expect(await call({ ...nowhere, providers: { google: there() } })).not.toBeNull();
    expect(scene.endpoint.requests).toMatchObject([{ form: { client_id: 'an id' } }]);
  });

  it('may name no lifetime: then the option does', async () => {
    const { call } = await pairAt('icount');
    scene.endpoint.script(() => ({ body: (usual) => ({ ...usual, expires_in: undefined }) }));
    const before = Date.now();
    const answer = await call({ providers: { icount: { ...there(), defaultExpiresIn: 7_200 } } });
    const left = answer!.token.expiresAt!.getTime() - before;
    expect(left).toBeGreaterThan(7_000_000);
    expect(left).toBeLessThan(7_300_000);
  });

  it('that nobody knows is an error that names the option, and asks nobody', async () => {
    const { call } = await pairAt('icount');
    const error = await failureOf(call({ providers: { clerk: there() } }));
    expect(error).toMatchObject({ name: 'ConfigurationError', option: 'providers' });
    expect(error.message).toContain('refreshFn');
    expect(scene.endpoint.requests).toHaveLength(0);
  });

  it('google without a client is an error that names the variable', async () => {
    const { call } = await pairAt('google');
    const error = await failureOf(call({ googleClientId: '' }));
    expect(error).toMatchObject({ name: 'ConfigurationError', option: 'GOOGLE_CLIENT_ID' });
  });
});

describe('a refreshFn', () => {
  const answer = (more = {}) => ({
    accessToken: 'from-fn',
    expiryDate: Date.now() + 3_600_000,
    ...more,
  });

  it('takes the place of any provider', async () => {
    const { call, refreshToken, accessId, refreshId } = await pairAt('whatsapp');
    const given: unknown[] = [];
    const refreshFn = async (token: string, { signal }: { signal: AbortSignal }) => {
      given.push(token, signal.aborted);
      return answer({ refreshToken: 'rotated' });
    };
    expect(await call({}, { refreshFn })).toMatchObject({ token: { value: 'from-fn' } });
    expect(given).toEqual([refreshToken, false]);
    expect(await scene.value(accessId)).toBe('from-fn');
    expect(await scene.value(refreshId)).toBe('rotated');
    expect(scene.endpoint.requests).toHaveLength(0);
  });

  it('is not called without refresh: true', async () => {
    const { call } = await pairAt('whatsapp');
    const refreshFn = () => expect.fail('must not be called');
    expect(await call({}, { refresh: false, refreshFn })).toBeNull();
  });

  it('that throws is the cause', async () => {
    const { call } = await pairAt('whatsapp');
    const thrown = new Error('out of order');
    const error = await failureOf(call({}, { refreshFn: () => Promise.reject(thrown) }));
    expect(error).toMatchObject({ name: 'RefreshCallbackError', cause: thrown });
  });
});

describe('the option providers', () => {
  it.each([
    ['a text', 'icount'],
    ['a provider that is a text', { icount: 'https://…' }],
    ['rotation that is a flag', { icount: { ...base(), rotation: true } }],
    ['a lifetime below 0', { icount: { ...base(), defaultExpiresIn: -1 } }],
    ['a lifetime that is not whole', { icount: { ...base(), defaultExpiresIn: 1.5 } }],
    ['a lifetime that is a text', { icount: { ...base(), defaultExpiresIn: '3600' } }],
  ])('refuses %s', async (_, providers) => {
    const make = async () => {
      const keep = createTokenKeep(scene.options({ providers: providers as never }));
      await keep.vault.getToken(crypto.randomUUID(), 'icount', 'access_token');
    };
    const error = await failureOf(make());
    expect(error).toMatchObject({ name: 'InvalidArgumentError' });
    expect(error.message).toMatch(/^providers/);
  });

  it.each(['no url', undefined])(
    'with the tokenUrl %j matters only where it is used',
    async (url) => {
      const keep = scene.keep({ providers: { icount: { ...base(), tokenUrl: url } } });
      const tenantId = crypto.randomUUID();
      await insertRow(scene.database, tenantId, { provider: 'icount' });
      const refresh = { refresh: true };
      const call = () => keep.vault.getAccessToken(tenantId, 'icount', undefined, 5, refresh);
      expect(await call()).not.toBeNull();
      await insertRow(scene.database, tenantId, { provider: 'icount', tokenType: 'refresh_token' });
      await scene.database.client.query(
        `UPDATE token_vault SET expires_at = now() - interval '1 minute'
       WHERE tenant_id = '${tenantId}'`,
      );
      expect(await failureOf(call())).toMatchObject({ name: 'ConfigurationError' });
    },
  );
});

function base() {
  return { tokenUrl: 'http://127.0.0.1:1/token', clientId: 'a', clientSecret: 'b' };
}
