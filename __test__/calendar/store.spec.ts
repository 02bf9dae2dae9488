import { describe, expect, it } from 'vitest';
import { openValue } from '../../dist/index.js';
import { failureOf } from '../helpers/promises';
import { SCOPES, someUser, useScene } from './scene';

const scene = useScene();

const EXPIRY = new Date('2030-01-02T03:04:05.678Z');

describe('saveCalendarTokens', () => {
  it('stores sealed values that only their own row and column open', async () => {
    const keep = scene.keep();
    const userId = someUser();
    await keep.calendar.saveCalendarTokens(userId, 'ya29.a', '1//r', EXPIRY, SCOPES);
    expect(await keep.calendar.getCalendarTokens(userId)).toEqual({
      accessToken: 'ya29.a',
      refreshToken: '1//r',
      tokenExpiry: EXPIRY,
      scopes: SCOPES,
    });
    const { access_token: access, refresh_token: refresh } = (await scene.row(userId))!;
    expect(keep.openValue('calendar', 'access_token', [userId], access)).toBe('ya29.a');
    expect(keep.openValue('calendar', 'refresh_token', [userId], refresh)).toBe('1//r');
    const other = () => keep.openValue('calendar', 'access_token', [someUser()], access);
    expect(other).toThrow(expect.objectContaining({ code: 'ERR_TOKENKEEP_DECRYPTION' }));
    expect(openValue('calendar', 'access_token', [userId], 'plain')).toBe('plain');
  });

  it('replaces what was stored, and frees the lease', async () => {
    const { calendar } = scene.keep();
    const user = await scene.user();
    const lease = 'UPDATE google_calendar_tokens SET refreshing_at = now() WHERE user_id = $1';
    await scene.database.client.query(lease, [user.id]);
    await calendar.saveCalendarTokens(user.id.toUpperCase(), 'new', '', null, null);
    expect(await calendar.getCalendarTokens(user.id)).toEqual({
      accessToken: 'new',
      refreshToken: '',
      tokenExpiry: null,
      scopes: null,
    });
    expect((await scene.row(user.id))!.refreshing_at).toBeNull();
  });

  it('refuses what no column takes before anything is sent, naming the argument', async () => {
    const save = scene.keep().calendar.saveCalendarTokens as (...given: unknown[]) => Promise<void>;
    const userId = someUser();
    const wrong: [string, unknown[]][] = [
      ['userId', ['user-1', 'a', 'r', EXPIRY, SCOPES]],
      ['userId', [7, 'a', 'r', EXPIRY, SCOPES]],
      ['accessToken', [userId, '', 'r', EXPIRY, SCOPES]],
      ['accessToken', [userId, 'a\0', 'r', EXPIRY, SCOPES]],
      ['refreshToken', [userId, 'a', 'x'.repeat(65_537), EXPIRY, SCOPES]],
      ['tokenExpiry', [userId, 'a', 'r', new Date(NaN), SCOPES]],
      ['tokenExpiry', [userId, 'a', 'r', 'tomorrow', SCOPES]],
      ['scopes', [userId, 'a', 'r', EXPIRY, 'calendar']],
      ['scopes', [userId, 'a', 'r', EXPIRY, ['read', '']]],
    ];
    for (const [argument, given] of wrong) {
      const failure = await failureOf(save(...given));
      expect(failure, JSON.stringify(given).slice(0, 80)).toBeInstanceOf(TypeError);
      expect(failure['argument']).toBe(argument);
    }
    expect(await scene.row(userId)).toBeUndefined();
  });
});

it('an empty text that was split into scopes names none', async () => {
  const { calendar } = scene.keep();
  const userId = someUser();
  await calendar.saveCalendarTokens(userId, 'at', 'rt', EXPIRY, ''.split(' '));
  expect(await calendar.getCalendarTokens(userId)).toMatchObject({ scopes: null });
});

describe('a user without a row', () => {
  it('has no tokens, no credentials and nothing to delete', async () => {
    const { calendar } = scene.keep();
    const userId = someUser();
    expect(await calendar.getCalendarTokens(userId)).toBeNull();
    expect(await calendar.getCredentialsForUser(userId)).toBeNull();
    expect(await calendar.deleteCalendarTokens(userId)).toBeUndefined();
    expect(scene.endpoint.requests).toEqual([]);
  });
});

describe('deleteCalendarTokens', () => {
  it('deletes the row and asks nobody', async () => {
    const { calendar } = scene.keep();
    const user = await scene.user();
    await calendar.deleteCalendarTokens(user.id);
    expect(await scene.row(user.id)).toBeUndefined();
    expect(scene.endpoint.requests).toEqual([]);
  });
});

describe('unseal', () => {
  it('leaves rows as the old service wrote them', async () => {
    const userId = someUser();
    await scene.keep().calendar.saveCalendarTokens(userId, 'ya29.a', '1//r', EXPIRY, SCOPES);
    const before = await scene.row(userId);
    expect(await scene.keep({ sealing: 'off' }).unseal({ store: 'calendar' })).toBeGreaterThan(0);
    const plaintext = { access_token: 'ya29.a', refresh_token: '1//r' };
    expect(await scene.row(userId)).toEqual({ ...before, ...plaintext });
  });
});

describe('a row that we have not written', () => {
  const change = (userId: string, set: string) =>
    scene.database.client.query(`UPDATE google_calendar_tokens SET ${set} WHERE user_id = $1`, [
      userId,
    ]);

  it.each(['scopes = NULL', `scopes = '{}'`, `scopes = '{NULL}'`])(
    'with %s has the scope that is asked for',
    async (set) => {
      const { calendar } = scene.keep();
      const { id } = await scene.user(3_600);
      await change(id, set);
      expect(await calendar.getCredentialsForUser(id)).toMatchObject({ scope: SCOPES.join(' ') });
    },
  );

  it('without an access token is refreshed, whatever its expiry says', async () => {
    const { calendar } = scene.keep();
    const { id } = await scene.user(3_600);
    await change(id, `access_token = ''`);
    const credentials = await calendar.getCredentialsForUser(id);
    expect(credentials?.access_token).toMatch(/./);
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('that never expires has no expiry date', async () => {
    const { calendar } = scene.keep();
    const { id } = await scene.user(3_600);
    await change(id, `token_expiry = 'infinity'`);
    expect(await calendar.getCredentialsForUser(id)).not.toHaveProperty('expiry_date');
    expect(await calendar.getCalendarTokens(id)).toMatchObject({ tokenExpiry: null });
  });
});

it('a value is sealed only for a key that names a row', () => {
  const keep = scene.keep();
  const [id, value] = [someUser(), 'ya29.a'];
  expect(() => keep.sealValue('calendar', 'access_token', ['user-1'], value)).toThrow('UUID');
  const upper = [id.toUpperCase()];
  expect(() => keep.sealValue('calendar', 'access_token', upper, value)).toThrow('lower case');
});
