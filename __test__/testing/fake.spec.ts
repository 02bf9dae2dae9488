/** What a test would believe wrongly if the fake did not behave as the real stores do. */

import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  ClosedError,
  GmailNotConnectedError,
  GmailTokenRevokedError,
  InvalidArgumentError,
  NotConnectedError,
  ProviderThrottledError,
  RefreshCallbackError,
  RefreshTokenMissingError,
  ScopesMissingError,
  TenantMismatchError,
  TokenRevokedError,
} from '../../dist/index.js';
import { createGoogleHandlers } from '../../dist/http/index.js';
import {
  type FakeRefresh,
  type StoredTokenKey,
  expireToken,
  fakeTokenKeep,
} from '../../dist/testing/index.js';
import { newGate } from '../helpers/promises';
import { STORED, storeCases } from './stores';

const HOUR_MS = 3_600_000;
const inAnHour = () => new Date(Date.now() + HOUR_MS);
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000);
const userId = randomUUID();

const STORES = storeCases(userId);
const INTEGRATION = STORES.find(({ name }) => name === 'integration')!;

afterEach(() => void vi.useRealTimers());

/** A fake whose refreshes are counted. */
function counted(answer: FakeRefresh = () => ({ accessToken: 'refreshed' })) {
  const refresh = vi.fn(answer);
  return { refresh, keep: fakeTokenKeep({ refresh }) };
}

describe.each(STORES)('$name', ({ name, key, store, valid, ended }) => {
  it('gives a fresh token as it is stored, and asks nobody', async () => {
    const { keep, refresh } = counted();
    await store(keep, inAnHour());
    expect(await valid(keep)).toBe('stored');
    expect(refresh).not.toHaveBeenCalled();
  });

  it('refreshes an expired token once for all who ask, and keeps what it got', async () => {
    const { keep, refresh } = counted();
    await store(keep, inAnHour());
    await expireToken(keep, key);
    const tokens = await Promise.all([valid(keep), valid(keep), valid(keep)]);
    expect(tokens).toEqual(['refreshed', 'refreshed', 'refreshed']);
    expect(await valid(keep)).toBe('refreshed');
    expect(refresh.mock.calls).toMatchObject([[{ store: key.store, refreshToken: 'refresh' }]]);
  });

  it('sends the refresh token that the last refresh gave', async () => {
    const { keep, refresh } = counted(({ refreshToken }) => ({
      accessToken: 'refreshed',
      refreshToken: `${refreshToken}+`,
    }));
    await store(keep, inAnHour());
    for (let times = 0; times < 2; times++) {
      await expireToken(keep, key);
      await valid(keep);
    }
    expect(refresh.mock.calls.map(([request]) => request.refreshToken)).toEqual([
      'refresh',
      'refresh+',
    ]);
  });

  it('marks or deletes a row whose grant is revoked as the real store does', async () => {
    const { keep, refresh } = counted(() => {
      throw new Error('invalid_grant');
    });
    await store(keep, inMinutes(-1));
    const dead = name === 'gmail' ? GmailTokenRevokedError : TokenRevokedError;
    await expect(valid(keep)).rejects.toThrow(dead);
    if (ended === 'marked') await expect(valid(keep)).rejects.toThrow(dead);
    else if (name === 'gmail') await expect(valid(keep)).rejects.toThrow(GmailNotConnectedError);
    else expect(await valid(keep)).toBeUndefined();
    expect(refresh).toHaveBeenCalledTimes(1);
    await store(keep, inAnHour());
    expect(await valid(keep)).toBe('stored');
  });

  it('gives a token with a minute left instead of an error, and the error without', async () => {
    const { keep } = counted(() => {
      throw new ProviderThrottledError('slow down');
    });
    await store(keep, inMinutes(3));
    expect(await valid(keep)).toBe('stored');
    await store(keep, inMinutes(0.5));
    await expect(valid(keep)).rejects.toThrow(ProviderThrottledError);
  });

  it('says that there is no refresh token when the access token is spent', async () => {
    const { keep } = counted();
    await store(keep, inMinutes(-1), { ...STORED, refreshToken: '' });
    await expect(valid(keep)).rejects.toThrow(RefreshTokenMissingError);
  });

  it('never puts a refreshed token over one that was stored meanwhile', async () => {
    const gate = newGate();
    const { keep, refresh } = counted(async () => {
      await gate.opened;
      return { accessToken: 'late' };
    });
    await store(keep, inMinutes(-1), { ...STORED, refreshToken: 'older' });
    const waiting = valid(keep);
    await vi.waitFor(() => expect(refresh).toHaveBeenCalled());
    await store(keep, inAnHour(), { ...STORED, refreshToken: 'newer' });
    gate.open();
    expect(await waiting).toBe('stored');
    expect(await valid(keep)).toBe('stored');
  });

  it('keeps the tokens of two fakes apart', async () => {
    const [one, other] = [fakeTokenKeep(), fakeTokenKeep()];
    await store(one, inAnHour());
    await expect(expireToken(other, key)).rejects.toThrow(NotConnectedError);
  });

  it('refuses calls after close()', async () => {
    const { keep } = counted();
    await store(keep, inAnHour());
    expect(await keep.close()).toBe(true);
    await expect(valid(keep)).rejects.toThrow(ClosedError);
  });

  it('goes by the time of Date, which a test may set', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { keep } = counted();
    await store(keep, inAnHour());
    vi.setSystemTime(Date.now() + 2 * HOUR_MS);
    expect(await valid(keep)).toBe('refreshed');
  });
});

describe('by default', () => {
  it.each(STORES)('$name is refreshed with a new access token', async ({ key, store, valid }) => {
    const keep = fakeTokenKeep();
    await store(keep, inAnHour());
    await expireToken(keep, key);
    const first = await valid(keep);
    expect(first).toMatch(/^access-/);
    await expireToken(keep, key);
    expect(await valid(keep)).not.toBe(first);
  });
});

describe('errors', () => {
  it('are those of the real stores, for what is missing, foreign or malformed', async () => {
    const keep = fakeTokenKeep();
    await expect(keep.gmail.getValidGmailToken('nobody')).rejects.toThrow(GmailNotConnectedError);
    await STORES[0]!.store(keep, inAnHour());
    const moved = { userId, tenantId: 'another', accessToken: 'a', refreshToken: '', scope: '' };
    const moving = keep.gmail.upsertGmailTokens({ ...moved, expiresAt: new Date() });
    await expect(moving).rejects.toThrow(TenantMismatchError);
    await expect(keep.gmail.getGmailTokenDecrypted('')).rejects.toThrow(InvalidArgumentError);
    await expect(keep.calendar.getCalendarTokens('no uuid')).rejects.toThrow(InvalidArgumentError);
    const bad = { accessToken: 'a', expiresAt: new Date(NaN) };
    await expect(keep.integration.storeToken('u', 'p', bad)).rejects.toThrow(InvalidArgumentError);
  });

  it('have what a refreshFn threw as their cause', async () => {
    const keep = fakeTokenKeep();
    await STORES[0]!.store(keep, inMinutes(-1));
    const cause = new Error('mine');
    const asking = keep.gmail.getValidGmailToken(userId, () => Promise.reject(cause));
    await expect(asking).rejects.toMatchObject({ name: 'RefreshCallbackError', cause });
    await expect(asking).rejects.toThrow(RefreshCallbackError);
  });

  it('name the scopes that are missing', async () => {
    const keep = fakeTokenKeep();
    const token = { accessToken: 'a', expiresAt: inAnHour(), scopes: ['read'] };
    await keep.integration.storeToken('u', 'p', token);
    const asking = keep.integration.getValidToken('u', 'p', { scopes: ['read', 'write'] });
    await expect(asking).rejects.toThrow(ScopesMissingError);
    await expect(asking).rejects.toMatchObject({ missingScopes: ['write'] });
  });

  it('say what expireToken was given that it cannot take', async () => {
    const gmail: StoredTokenKey = { store: 'gmail', userId };
    const target = expireToken('no url', gmail);
    await expect(target).rejects.toMatchObject({ argument: 'target' });
    const store = expireToken(fakeTokenKeep(), { store: 'x' } as unknown as StoredTokenKey);
    await expect(store).rejects.toMatchObject({ argument: 'store' });
    const key = expireToken(fakeTokenKeep(), { store: 'zoho' } as unknown as StoredTokenKey);
    await expect(key).rejects.toMatchObject({ argument: 'clientId' });
  });
});

describe('integration', () => {
  it('says how a connection is', async () => {
    const { keep } = counted(() => {
      throw new Error('invalid_grant');
    });
    const status = () => keep.integration.connectionStatus(userId, 'google');
    expect(await status()).toMatchObject({ active: false, reason: 'not_connected' });
    await INTEGRATION.store(keep, inAnHour());
    expect(await status()).toMatchObject({ active: true, accessToken: 'stored' });
    await expireToken(keep, INTEGRATION.key);
    expect(await status()).toMatchObject({ active: false, reason: 'needs_reauthorization' });
    expect(await keep.integration.revoke(userId, 'google')).toBe(true);
    expect(await keep.integration.revoke(userId, 'google')).toBe(false);
    expect(await status()).toMatchObject({ active: false, reason: 'not_connected' });
  });

  it('refreshes what runs out soon, and nothing else', async () => {
    const { keep, refresh } = counted();
    const { storeToken, refreshExpiring } = keep.integration;
    const token = { accessToken: 'a', refreshToken: 'r' };
    await storeToken('soon', 'p', { ...token, expiresAt: inMinutes(10) });
    await storeToken('later', 'p', { ...token, expiresAt: inAnHour() });
    const result = await refreshExpiring({ expiresWithin: 15 * 60_000 });
    expect(result).toEqual({ refreshed: 1, failed: 0, revoked: 0, failures: [], skipped: [] });
    expect(refresh.mock.calls).toMatchObject([[{ key: ['soon', 'p'] }]]);
  });

  it('counts what fails by provider and code, once, and tries it last', async () => {
    const isSick = ({ key }: { key: readonly string[] }) => key[0] === 'sick';
    const { keep, refresh } = counted((request) => {
      if (isSick(request)) throw new Error('out of order');
      return { accessToken: 'new' };
    });
    const { storeToken, refreshExpiring } = keep.integration;
    const token = { accessToken: 'a', refreshToken: 'r' };
    await storeToken('sick', 'p#work', { ...token, expiresAt: inMinutes(5) });
    await storeToken('well', 'p', { ...token, expiresAt: inMinutes(10) });
    const expiresWithin = 15 * 60_000;
    expect(await refreshExpiring({ expiresWithin, limit: 1 })).toEqual({
      refreshed: 0,
      failed: 1,
      revoked: 0,
      failures: [{ provider: 'p', code: 'ERR_TOKENKEEP_REFRESH_CALLBACK', count: 1 }],
      skipped: [],
    });
    expect(await refreshExpiring({ expiresWithin, limit: 1 })).toMatchObject({ refreshed: 1 });
    expect(refresh).toHaveBeenCalledTimes(2);
  });
});

describe('connecting', () => {
  it('stores tokens for the user of a state, once, in the browser where it began', async () => {
    const keep = fakeTokenKeep();
    const url = new URL(await keep.calendar.getAuthUrl({ userId, browser: 'mine' }));
    const state = url.searchParams.get('state')!;
    const finish = (user: string, browser: string) =>
      keep.calendar.exchangeCodeForTokens(user, 'code', { state, browser });
    await expect(finish(randomUUID(), 'mine')).rejects.toMatchObject({ reason: 'another_user' });
    await expect(finish(userId, 'other')).rejects.toMatchObject({ reason: 'another_browser' });
    expect(await keep.calendar.getCredentialsForUser(userId)).toBeNull();
    await finish(userId, 'mine');
    expect(await keep.calendar.getCredentialsForUser(userId)).toMatchObject({
      scope: 'https://www.googleapis.com/auth/calendar.events',
    });
    await expect(finish(userId, 'mine')).rejects.toMatchObject({ reason: 'expired' });
    expect(await keep.calendar.disconnect(userId)).toBe(true);
    expect(await keep.calendar.getCredentialsForUser(userId)).toBeNull();
  });
});

describe('tokenkeep/http', () => {
  it('connects and disconnects a user of a fake', async () => {
    const keep = fakeTokenKeep();
    const handlers = createGoogleHandlers({ keep, userId: () => userId, returnTo: '/done' });
    const origin = 'http://127.0.0.1';
    const begun = await handlers.connect(new Request(`${origin}/auth/google/connect`));
    const state = new URL(begun.headers.get('location')!).searchParams.get('state');
    const back = `${origin}/auth/google/callback?state=${state}&code=any`;
    const [cookie = ''] = begun.headers.getSetCookie();
    const headers = { cookie: cookie.split(';')[0]! };
    const done = await handlers.callback(new Request(back, { headers }));
    expect(done.headers.get('location')).toBe(`${origin}/done`);
    expect(await keep.calendar.getCredentialsForUser(userId)).not.toBeNull();
    expect((await handlers.callback(new Request(back, { headers }))).status).toBe(400);
    expect(await handlers.linkFor(userId)).toMatch(/^http:\/\/127\.0\.0\.1\/.*link=/);
  });
});

describe('sealing', () => {
  it('opens a value only for the row it was sealed for', () => {
    const keep = fakeTokenKeep();
    const sealed = keep.sealValue('zoho', 'access_token', ['c', 'p'], 'a value');
    expect(sealed).toMatch(/^tk1\./);
    expect(keep.openValue('zoho', 'access_token', ['c', 'p'], sealed)).toBe('a value');
    expect(() => keep.openValue('zoho', 'access_token', ['c', 'q'], sealed)).toThrow(/Decryption/);
    expect(keep.openValue('zoho', 'access_token', ['c', 'p'], 'plaintext')).toBe('plaintext');
  });
});
