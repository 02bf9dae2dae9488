/** The plan's own `GoogleAuthClientLive`, and tokenkeep's, on a real OAuth server. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Google, startGoogle } from '../../support/google.mjs';
import { MAJORS, useMajor } from './majors';

const USER = 'current-user-id';
const GMAIL = 'https://www.googleapis.com/auth/gmail.readonly';
const DRIVE = 'https://www.googleapis.com/auth/drive';

describe.each(MAJORS)('%s', (version) => {
  const setting = useMajor(version);
  let google: Google;

  beforeAll(async () => {
    google = await startGoogle();
    Object.assign(process.env, {
      GOOGLE_CLIENT_ID: google.clientId,
      GOOGLE_CLIENT_SECRET: google.clientSecret,
      TOKENKEEP_GOOGLE_TOKEN_URL: google.tokenUrl,
      TOKENKEEP_GOOGLE_REVOCATION_URL: google.revocationUrl,
    });
  });
  afterAll(() => google.close());
  beforeEach(async () => {
    await setting.database.client.query('DELETE FROM integration_tokens');
    google.resetCount();
  });

  /** Connects the user, with so many seconds left. */
  async function connect(seconds: number) {
    const { Effect, Option, tokenkeep } = setting.major;
    const tokens = await google.connect();
    const token = {
      accessToken: tokens.accessToken,
      refreshToken: Option.some(tokens.refreshToken),
      expiresAt: Date.now() + seconds * 1_000,
      scopes: [GMAIL],
      provider: 'google',
    };
    const stored = Effect.gen(function* () {
      yield* (yield* tokenkeep.IntegrationTokenStore).store(USER, 'google', token);
    });
    await Effect.runPromise(Effect.provide(stored, tokenkeep.IntegrationTokenStoreLive));
    return tokens;
  }

  /** What a call gives or fails with. */
  async function ask(
    whose: 'the plan' | 'tokenkeep',
    call: { getValidToken: string[] } | { refreshToken: string },
    userId: string | undefined = USER,
  ): Promise<unknown> {
    const { Effect, Layer, tokenkeep, GoogleAuthClientLive } = setting.major;
    const live = whose === 'tokenkeep' ? tokenkeep.GoogleAuthClientLive : GoogleAuthClientLive;
    const program = Effect.gen(function* () {
      const client = yield* tokenkeep.GoogleAuthClient;
      return yield* 'refreshToken' in call
        ? client.refreshToken(call.refreshToken)
        : client.getValidToken(call.getValidToken);
    }).pipe(
      Effect.provide(Layer.provide(live, tokenkeep.IntegrationTokenStoreLive)),
      Effect.match({ onSuccess: (token) => token, onFailure: (error) => error }),
    );
    return Effect.runPromise(userId === '' ? program : tokenkeep.withCurrentUser(userId)(program));
  }

  describe.each(['the plan', 'tokenkeep'] as const)('the client of %s', (whose) => {
    it('says that there is no token', async () => {
      expect(await ask(whose, { getValidToken: [GMAIL] })).toMatchObject({
        _tag: 'GoogleAuthenticationError',
        message: 'No Google OAuth token found',
        suggestion: 'User needs to authorize Google Workspace access',
      });
    });

    it('gives a valid token as it is', async () => {
      const { accessToken, refreshToken } = await connect(3_600);
      const token = await ask(whose, { getValidToken: [GMAIL] });
      expect(token).toBeInstanceOf(setting.major.tokenkeep.GoogleOAuthToken);
      expect(token).toMatchObject({
        access_token: accessToken,
        refresh_token: refreshToken,
        expiry_date: expect.any(Date),
        scope: GMAIL,
        token_type: 'Bearer',
      });
      expect(google.tokenRequests()).toBe(0);
    });

    it('refreshes an expired token once for many', async () => {
      const { accessToken, refreshToken } = await connect(-60);
      const asked = Array.from({ length: 20 }, () => ask(whose, { getValidToken: [GMAIL] }));
      const tokens = (await Promise.all(asked)) as { access_token: string }[];
      expect(new Set(tokens.map(({ access_token }) => access_token)).size).toBe(1);
      expect(tokens[0]!.access_token).not.toBe(accessToken);
      expect(google.tokenRequests()).toBe(1);
      const { rows } = await setting.database.client.query('SELECT * FROM integration_tokens');
      expect(rows).toMatchObject([{ refreshing_at: null, failure_count: 0 }]);
      expect(await google.isAlive(refreshToken)).toBe(true);
      expect(tokens[0]).toMatchObject({ scope: expect.stringContaining(GMAIL) });
    });

    it('says that access was revoked, and no token of the answer', async () => {
      const { refreshToken } = await connect(-60);
      await google.revoke(refreshToken);
      const error = await ask(whose, { getValidToken: [GMAIL] });
      expect(error).toMatchObject({ _tag: 'TokenRefreshError', provider: 'google' });
      expect(JSON.stringify(error)).not.toContain(refreshToken);
    });

    it('exchanges a refresh token and stores the answer', async () => {
      const { refreshToken, accessToken } = await connect(3_600);
      const token = await ask(whose, { refreshToken });
      const { access_token, refresh_token } = token as Record<string, string>;
      expect(access_token).not.toBe(accessToken);
      expect(refresh_token).not.toBe(refreshToken);
      expect(await ask(whose, { getValidToken: [GMAIL] })).toMatchObject({
        access_token,
        refresh_token,
      });
    });

    it('says that a refresh token was not exchanged, and stores nothing', async () => {
      const { accessToken } = await connect(3_600);
      const error = await ask(whose, { refreshToken: 'wrong' });
      expect(error).toMatchObject({ _tag: 'GoogleTokenRefreshError' });
      expect(await ask(whose, { getValidToken: [GMAIL] })).toMatchObject({
        access_token: accessToken,
      });
    });
  });

  describe('the client of tokenkeep', () => {
    it('names the scopes that are missing, and asks nobody', async () => {
      await connect(-60);
      expect(await ask('tokenkeep', { getValidToken: [GMAIL, DRIVE] })).toMatchObject({
        _tag: 'GoogleScopeExpansionRequiredError',
        missingScopes: [DRIVE],
        currentScopes: [GMAIL],
      });
      expect(google.tokenRequests()).toBe(0);
    });

    it('says that there is no current user, and what to do', async () => {
      await connect(3_600);
      expect(await ask('tokenkeep', { getValidToken: [GMAIL] }, '')).toMatchObject({
        _tag: 'GoogleAuthenticationError',
        suggestion: 'Run the effect in withCurrentUser(userId)',
      });
      expect(await ask('tokenkeep', { getValidToken: [GMAIL] }, 'another')).toMatchObject({
        message: 'No Google OAuth token found',
      });
    });

    it('marks a dead grant, since the refresh is the store’s own', async () => {
      const { refreshToken } = await connect(-60);
      await google.revoke(refreshToken);
      expect(await ask('tokenkeep', { getValidToken: [] })).toMatchObject({ reason: 'revoked' });
      const { rows } = await setting.database.client.query('SELECT * FROM integration_tokens');
      expect(rows).toMatchObject([{ invalid_since: expect.any(Date) }]);
    });

    it('refreshes a token with two minutes left, and gives it when that fails', async () => {
      const spent = await connect(120);
      const refreshed = await ask('tokenkeep', { getValidToken: [GMAIL] });
      expect(refreshed).not.toMatchObject({ access_token: spent.accessToken });
      await setting.database.client.query('DELETE FROM integration_tokens');
      const { accessToken, refreshToken } = await connect(120);
      await google.revoke(refreshToken);
      expect(await ask('tokenkeep', { getValidToken: [GMAIL] })).toMatchObject({
        access_token: accessToken,
      });
      expect(google.tokenRequests()).toBe(2);
    });
  });
});
