/** What each answer of a token endpoint leads to, for the caller and for the row. */

import { describe, expect, it } from 'vitest';
import { startTokenEndpoint } from '../support/token-endpoint.mjs';
import { failureOf } from './helpers/promises';
import { SCALED, type User, useScene } from './helpers/scene';

const scene = useScene();

/** What a user's call is rejected with. */
const failureOfUser = (keep: ReturnType<typeof scene.keep>, user: User) =>
  failureOf(keep.gmail.getValidGmailToken(user.id));

/** Nothing of the row has changed, and nobody holds it. */
async function untouched(user: User): Promise<void> {
  expect(await scene.tokens(user)).toEqual({
    accessToken: user.accessToken,
    refreshToken: user.refreshToken,
  });
  expect((await scene.row(user))!.refreshing_at).toBeNull();
}

/** The tokens are the old ones, and the lease says that it is not known whether they are spent. */
async function inDoubt(user: User): Promise<void> {
  expect(await scene.tokens(user)).toMatchObject({ refreshToken: user.refreshToken });
  expect((await scene.row(user))!.refreshing_at).toBeInstanceOf(Date);
}

describe('a dead grant', () => {
  it.each([
    ['invalid_grant', 400, { error: 'invalid_grant' }],
    ['invalid_grant with status 401', 401, { error: 'invalid_grant' }],
    ['invalid_code of Zoho with status 200', 200, { error: 'invalid_code' }],
    ['a refusal beside a token', 200, { access_token: 'at', error: 'invalid_grant' }],
  ])('%s deletes the row and is GmailTokenRevokedError', async (_, status, body) => {
    const user = await scene.user();
    const bystander = await scene.user();
    scene.endpoint.script([{ status, body }]);
    const keep = scene.keep();
    const error = await failureOfUser(keep, user);
    expect(error).toMatchObject({
      name: 'GmailTokenRevokedError',
      code: 'ERR_TOKENKEEP_REVOKED',
      retryable: false,
    });
    expect(await scene.row(user)).toBeUndefined();
    expect(await scene.row(bystander)).toBeDefined();
    expect(await failureOfUser(keep, user)).toMatchObject({ name: 'GmailNotConnectedError' });
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('is told to every caller that waited', async () => {
    const user = await scene.user();
    scene.endpoint.script([{ status: 400, body: { error: 'invalid_grant' }, delayMs: 300 }]);
    const keep = scene.keep();
    const [first, ...others] = await Promise.all(
      Array.from({ length: 20 }, () => failureOfUser(keep, user)),
    );
    const names = new Set(others.map((error) => error.name));
    expect(names).toContain(first!.name);
    // One that has read late finds no row any more.
    names.delete('GmailNotConnectedError');
    expect([...names]).toEqual(['GmailTokenRevokedError']);
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('is an error even while the old access token would be usable', async () => {
    const user = await scene.user({ left: 200 });
    scene.endpoint.script([{ status: 400, body: { error: 'invalid_grant' } }]);
    expect(await failureOfUser(scene.keep(), user)).toMatchObject({
      name: 'GmailTokenRevokedError',
    });
    expect(await scene.row(user)).toBeUndefined();
  });
});

describe("the application's own credentials", () => {
  it.each(['invalid_client', 'unauthorized_client'])(
    '%s touches no row, and is not asked again for any row',
    async (code) => {
      const [user, other] = [await scene.user(), await scene.user()];
      scene.endpoint.script(() => ({ status: 401, body: { error: code } }));
      const keep = scene.keep();
      const rejected = {
        name: 'ClientRejectedError',
        code: 'ERR_TOKENKEEP_CLIENT_REJECTED',
        retryable: false,
        message: expect.stringContaining(code),
      };
      expect(await failureOfUser(keep, user)).toMatchObject(rejected);
      await untouched(user);
      expect(await failureOfUser(keep, other)).toMatchObject(rejected);
      expect(await failureOfUser(keep, user)).toMatchObject(rejected);
      expect(scene.endpoint.requests).toHaveLength(1);
    },
  );

  it('are proved again when they have changed', async () => {
    const user = await scene.user();
    scene.endpoint.script([{ status: 401, body: { error: 'invalid_client' } }]);
    await failureOfUser(scene.keep(), user);
    const token = await scene.keep({ googleClientId: 'mended' }).gmail.getValidGmailToken(user.id);
    expect(token.accessToken).not.toBe(user.accessToken);
  });
});

describe('a provider that throttles', () => {
  it.each([
    ['429 without more', { status: 429 }],
    ['429 with seconds', { status: 429, headers: { 'retry-after': '120' } }],
    ['429 with a date', { status: 429, headers: { 'retry-after': inAnHour() } }],
    [
      "Zoho's body with status 200",
      {
        status: 200,
        body: {
          error: 'Access Denied',
          error_description: 'You have made too many requests continuously. Please try again.',
        },
      },
    ],
  ])('%s is asked once, and the row stays as it is', async (_, step) => {
    const user = await scene.user();
    scene.endpoint.script(() => step);
    const keep = scene.keep();
    expect(await failureOfUser(keep, user)).toMatchObject({
      name: 'ProviderThrottledError',
      code: 'ERR_TOKENKEEP_PROVIDER_THROTTLED',
      retryable: true,
    });
    await untouched(user);
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it.each([
    ['seconds', '120', 120_000],
    ['a date', inAnHour(), 3_500_000],
  ])('and says for how long, in %s, is left alone for so long', async (_, header, atLeast) => {
    const user = await scene.user();
    scene.endpoint.script(() => ({ status: 429, headers: { 'retry-after': header } }));
    const keep = scene.keep();
    for (let call = 0; call < 30; call++) {
      const error = await failureOfUser(keep, user);
      expect(error.name).toBe('ProviderThrottledError');
      expect(error.retryAfterMs).toBeGreaterThanOrEqual(atLeast);
    }
    expect(scene.endpoint.requests).toHaveLength(1);
  });
});

describe('a provider in trouble', () => {
  it.each([500, 503])('%i is tried again at once, within one call', async (status) => {
    const user = await scene.user();
    scene.endpoint.script([{ times: 2, status }]);
    const token = await scene.keep().gmail.getValidGmailToken(user.id);
    expect(token.accessToken).not.toBe(user.accessToken);
    expect(scene.endpoint.requests.map((request) => request.status)).toEqual([status, status, 200]);
  });

  it('that stays in trouble is an error that says so, and the row is released', async () => {
    const user = await scene.user();
    scene.endpoint.script(() => ({ status: 500, body: '<html>oops</html>' }));
    expect(await failureOfUser(scene.keep(SCALED), user)).toMatchObject({
      name: 'ProviderUnavailableError',
      code: 'ERR_TOKENKEEP_PROVIDER_UNAVAILABLE',
      retryable: true,
      status: 500,
    });
    await untouched(user);
    expect(scene.endpoint.requests.length).toBeLessThanOrEqual(5);
  });

  it('where nothing listens is ProviderUnavailableError, and the row is released', async () => {
    const user = await scene.user();
    const keep = scene.keep({ ...SCALED, googleTokenUrl: 'http://127.0.0.1:1/token' });
    expect(await failureOfUser(keep, user)).toMatchObject({ name: 'ProviderUnavailableError' });
    await untouched(user);
  });

  it.each([
    ['an unknown refusal', 400, { error: 'invalid_scope' }],
    ['a refusal without a code', 403, 'forbidden'],
  ])('%s is ProviderRefusedError with its status', async (_, status, body) => {
    const user = await scene.user();
    scene.endpoint.script([{ status, body }]);
    expect(await failureOfUser(scene.keep(), user)).toMatchObject({
      name: 'ProviderRefusedError',
      code: 'ERR_TOKENKEEP_PROVIDER_REFUSED',
      retryable: false,
      status,
    });
    await untouched(user);
  });

  it('that redirects is refused, and where it points to is never asked', async () => {
    const user = await scene.user();
    const elsewhere = await startTokenEndpoint();
    try {
      scene.endpoint.script([{ redirect: elsewhere.url }]);
      expect(await failureOfUser(scene.keep(), user)).toMatchObject({
        name: 'ProviderRefusedError',
        status: 307,
      });
      expect(elsewhere.requests).toHaveLength(0);
      await untouched(user);
    } finally {
      await elsewhere.close();
    }
  });
});

describe('an answer that may hide a rotation', () => {
  it.each([
    ['a connection reset after the exchange', { drop: 'after' }],
    ['a connection reset before the exchange, which looks the same', { drop: 'before' }],
    ['half a body', { truncate: true }],
    ['no answer within the budget', { hang: true }],
    ['a gateway that says 502', { status: 502, exchange: true }],
    ['a gateway that says 504', { status: 504, exchange: true }],
  ] as const)('%s is RefreshOutcomeUnknownError, and the lease is left', async (_, step) => {
    const user = await scene.user();
    scene.endpoint.script([step]);
    expect(await failureOfUser(scene.keep(SCALED), user)).toMatchObject({
      name: 'RefreshOutcomeUnknownError',
      code: 'ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN',
      retryable: true,
    });
    expect(scene.endpoint.requests).toHaveLength(1);
    await inDoubt(user);
  });

  it.each([
    ['no JSON', '<html></html>'],
    ['an empty body', ''],
    ['JSON that is no object', '[]'],
    ['no access token', {}],
    ['an empty access token', { access_token: '' }],
    ['an access token that is no text', { access_token: 7 }],
    ['an access token with a NUL byte', { access_token: 'a\0b' }],
    ['a negative lifetime', { access_token: 'at', expires_in: -1 }],
    ['no lifetime at all', { access_token: 'at', expires_in: 0 }],
    ['a lifetime of a thousand years', { access_token: 'at', expires_in: 31_536_000_000 }],
    ['a lifetime in words', { access_token: 'at', expires_in: 'soon' }],
    ['more than a mebibyte', { access_token: 'at', padding: 'x'.repeat(1024 * 1024) }],
    ['a token of more than 64 KiB', { access_token: 'x'.repeat(64 * 1024 + 1) }],
  ])('%s is ProviderResponseError, and the lease is left', async (_, body) => {
    const user = await scene.user();
    scene.endpoint.script([{ status: 200, exchange: true, body }]);
    expect(await failureOfUser(scene.keep(), user)).toMatchObject({
      name: 'ProviderResponseError',
      code: 'ERR_TOKENKEEP_PROVIDER_RESPONSE',
      retryable: true,
    });
    expect(scene.endpoint.requests).toHaveLength(1);
    await inDoubt(user);
  });

  it('that dribbles in within the budget is taken', async () => {
    const user = await scene.user();
    scene.endpoint.script([{ dribbleMs: 1 }]);
    const token = await scene.keep().gmail.getValidGmailToken(user.id);
    expect(await scene.tokens(user)).toMatchObject({ accessToken: token.accessToken });
  });
});

function inAnHour(): string {
  return new Date(Date.now() + 3_600_000).toUTCString();
}
