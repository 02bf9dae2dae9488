/** What becomes of a row when the application's own refresh function fails. */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { RefreshFn } from '../../dist/index.js';
import { failureOf } from '../helpers/promises';
import { SCALED, type User, useScene } from '../helpers/scene';

const scene = useScene();

/** What a user's call with this function is rejected with. */
const failureOfUser = (keep: ReturnType<typeof scene.keep>, user: User, refreshFn: unknown) =>
  failureOf(keep.gmail.getValidGmailToken(user.id, refreshFn as RefreshFn));

describe('what a refreshFn throws', () => {
  const response = (status: number, error?: unknown) =>
    Object.assign(new Error(`status ${status}`), { response: { status, data: { error } } });

  it.each([
    ['an Error', new Error('mine')],
    ['an error with fields', Object.assign(new RangeError('mine'), { code: 'E_MINE' })],
    ['a text', 'mine'],
    ['undefined', undefined],
    ['null', null],
    ['an object', { mine: true }],
    ['a frozen object', Object.freeze({ message: 7 })],
    ['an object without a prototype', Object.create(null)],
    ['a symbol', Symbol('mine')],
  ])('is the cause itself: %s', async (_, thrown) => {
    const user = await scene.user();
    const error = await failureOfUser(scene.keep(), user, async () => {
      throw thrown;
    });
    expect(error).toMatchObject({
      name: 'RefreshCallbackError',
      code: 'ERR_TOKENKEEP_REFRESH_CALLBACK',
    });
    expect('cause' in error).toBe(true);
    expect(error.cause).toBe(thrown);
    expect(await scene.tokens(user)).toMatchObject({ refreshToken: user.refreshToken });
    expect((await scene.row(user))!.refreshing_at).toBeNull();
  });

  it('is the cause of the error of every caller that shares the refresh', async () => {
    const user = await scene.user();
    const keep = scene.keep();
    const thrown = new Error('mine');
    const errors = await Promise.all(
      Array.from({ length: 20 }, () =>
        failureOfUser(keep, user, async () => {
          await sleep(200);
          throw thrown;
        }),
      ),
    );
    expect(new Set(errors).size).toBe(20);
    for (const error of errors) expect(error.cause).toBe(thrown);
  });

  it('synchronously is the cause, too', async () => {
    const user = await scene.user();
    const thrown = new Error('mine');
    const error = await failureOfUser(scene.keep(), user, () => {
      throw thrown;
    });
    expect(error.cause).toBe(thrown);
  });

  it.each([
    ['a message', new Error('invalid_grant')],
    ['a longer message', new Error('Error refreshing: invalid_grant (Token has been revoked)')],
    ['response.data.error, as google-auth-library throws', response(400, 'invalid_grant')],
  ])('deletes the row when it says invalid_grant in %s', async (_, thrown) => {
    const user = await scene.user();
    const error = await failureOfUser(scene.keep(), user, async () => {
      throw thrown;
    });
    expect(error).toMatchObject({ name: 'GmailTokenRevokedError' });
    expect(await scene.row(user)).toBeUndefined();
  });

  it.each(['interaction_required', 'consent_required', 'login_required'])(
    'deletes the row when it says %s',
    async (code) => {
      const keep = scene.keep();
      // So many rows end only while others are refreshed in between.
      const expiryDate = Date.now() + 3_600_000;
      const tokens = async () => ({ accessToken: 'at', expiryDate });
      await keep.gmail.getValidGmailToken((await scene.user()).id, tokens);
      const user = await scene.user();
      const error = await failureOfUser(keep, user, async () => {
        throw response(400, code);
      });
      expect(error).toMatchObject({ name: 'GmailTokenRevokedError' });
      expect(await scene.row(user)).toBeUndefined();
    },
  );

  it('does not end the row while Salesforce works on another request', async () => {
    const user = await scene.user();
    const data = {
      error: 'invalid_grant',
      error_description: 'token request is already being processed',
    };
    const error = await failureOfUser(scene.keep(), user, async () => {
      throw Object.assign(new Error('invalid_grant'), { response: { status: 400, data } });
    });
    expect(error).toMatchObject({ name: 'RefreshCallbackError', retryable: true });
    expect(await scene.tokens(user)).toMatchObject({ refreshToken: user.refreshToken });
  });

  it.each([
    ['a refusal', response(400, 'invalid_scope'), false],
    ['a refusal of the client', response(401, 'invalid_client'), false],
    ['an error of its own', new Error('mine'), true],
    ['a status of throttling', response(429, 'odd'), true],
  ])('says whether it may pass: %s', async (_, thrown, retryable) => {
    const user = await scene.user();
    const error = await failureOfUser(scene.keep(), user, async () => {
      throw thrown;
    });
    expect(error).toMatchObject({ name: 'RefreshCallbackError', retryable });
  });

  it('is a known failure of the client: the row is released', async () => {
    const user = await scene.user();
    const thrown = response(401, 'invalid_client');
    const error = await failureOfUser(scene.keep(), user, async () => {
      throw thrown;
    });
    expect(error.cause).toBe(thrown);
    expect((await scene.row(user))!.refreshing_at).toBeNull();
  });

  it.each([
    ['ECONNRESET', Object.assign(new Error('x'), { code: 'ECONNRESET' })],
    [
      'a broken socket of undici, in its cause',
      new TypeError('fetch failed', {
        cause: Object.assign(new Error('x'), { code: 'UND_ERR_SOCKET' }),
      }),
    ],
    ['a gateway that says 502', response(502)],
  ])('may hide a rotation: %s leaves the lease', async (_, thrown) => {
    const user = await scene.user();
    const error = await failureOfUser(scene.keep(), user, async () => {
      throw thrown;
    });
    expect(error.cause).toBe(thrown);
    expect((await scene.row(user))!.refreshing_at).toBeInstanceOf(Date);
  });

  it('is passed over for the usable token', async () => {
    const user = await scene.user({ left: 200 });
    const token = await scene.keep().gmail.getValidGmailToken(user.id, async () => {
      throw new Error('mine');
    });
    expect(token.accessToken).toBe(user.accessToken);
  });

  it('does not call it in a loop', async () => {
    const user = await scene.user();
    const keep = scene.keep();
    let ran = 0;
    for (let call = 0; call < 200; call++) {
      await failureOfUser(keep, user, async () => {
        ran++;
        throw new Error('mine');
      });
    }
    expect(ran).toBeLessThanOrEqual(12);
  });

  it('cannot crash the process by a getter or by its text', async () => {
    const hostile = {
      get message(): string {
        throw new Error('from a getter');
      },
      toString: () => expect.fail('must not be asked'),
    };
    const user = await scene.user();
    const error = await failureOfUser(scene.keep(SCALED), user, async () => {
      throw hostile;
    });
    expect(error.name).toBe('RefreshCallbackError');
    expect(error.cause).toBe(hostile);
  });
});

describe('what a refreshFn returns that is no token', () => {
  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a text', 'new-access'],
    ['an empty object', {}],
    ['no access token', { expiryDate: 4e12 }],
    ['an empty access token', { accessToken: '', expiryDate: 4e12 }],
    ['an access token that is a number', { accessToken: 7, expiryDate: 4e12 }],
    ['an access token with a NUL byte', { accessToken: 'a\0', expiryDate: 4e12 }],
    ['an access token of over 64 KiB', { accessToken: 'x'.repeat(65_537), expiryDate: 4e12 }],
  ])('%s is ProviderResponseError, and it may have rotated', async (_, answer) => {
    const user = await scene.user();
    const error = await failureOfUser(scene.keep(SCALED), user, async () => answer);
    expect(error).toMatchObject({
      name: 'ProviderResponseError',
      code: 'ERR_TOKENKEEP_PROVIDER_RESPONSE',
    });
    expect(await scene.tokens(user)).toMatchObject({ refreshToken: user.refreshToken });
    expect((await scene.row(user))!.refreshing_at).toBeInstanceOf(Date);
  });
});

describe('what a refreshFn returns beside an access token, where it is odd,', () => {
  const hour = 3_600_000;
  const years = 315_360_000_000;

  it.each<[string, object, number]>([
    ['no expiryDate', {}, hour],
    ['null as the expiryDate', { expiryDate: null }, hour],
    ['an expiryDate that is an empty text', { expiryDate: '' }, hour],
    ['an expiryDate that is true', { expiryDate: true }, hour],
    ['an expiryDate that is NaN', { expiryDate: NaN }, hour],
    ['an expiryDate before PostgreSQL', { expiryDate: -8.64e15 }, hour],
    ['an expiryDate that is Infinity', { expiryDate: Infinity }, years],
    ['an expiryDate out of range', { expiryDate: 8.64e15 + 1 }, years],
  ])('costs no token: %s', async (_, odd, lifetime) => {
    const user = await scene.user();
    const refreshFn = async () => ({ accessToken: 'new', refreshToken: 'rotated', ...odd });
    await scene.keep().gmail.getValidGmailToken(user.id, refreshFn as unknown as RefreshFn);
    expect(await scene.tokens(user)).toEqual({ accessToken: 'new', refreshToken: 'rotated' });
    const { expires_at, updated_at } = (await scene.row(user))!;
    expect(Math.abs(Number(expires_at) - Number(updated_at) - lifetime)).toBeLessThan(60_000);
  });

  it.each<[string, unknown]>([
    ['a NUL byte', '\0'],
    ['a number', 7],
    ['over 64 KiB', 'x'.repeat(65_537)],
  ])('keeps the old refresh token: %s', async (_, refreshToken) => {
    const user = await scene.user();
    const refreshFn = async () => ({ accessToken: 'new', refreshToken, expiryDate: 4e12 });
    await scene.keep().gmail.getValidGmailToken(user.id, refreshFn as unknown as RefreshFn);
    expect(await scene.tokens(user)).toEqual({
      accessToken: 'new',
      refreshToken: user.refreshToken,
    });
  });
});
