/** What an application's own `GoogleAuthClientLive` does, and tokenkeep's alike, on a real OAuth server. */

import { describe, expect, it } from 'vitest';
import { GMAIL, GoogleScene } from './google-scene';
import { MAJORS } from './majors';

describe.each(MAJORS)('%s', (version) => {
  const scene = new GoogleScene(version);

  describe.each(['the application', 'tokenkeep'] as const)('the client of %s', (whose) => {
    it('says that there is no token', async () => {
      expect(await scene.call(whose, { getValidToken: [GMAIL] })).toMatchObject({
        _tag: 'GoogleAuthenticationError',
        message: 'No Google OAuth token found',
        suggestion: 'User needs to authorize Google Workspace access',
      });
    });

    it('gives a valid token as it is', async () => {
      const { accessToken, refreshToken } = await scene.connect(3_600);
      const token = await scene.call(whose, { getValidToken: [GMAIL] });
      expect(token).toBeInstanceOf(scene.major.tokenkeep.GoogleOAuthToken);
      expect(token).toMatchObject({
        access_token: accessToken,
        refresh_token: refreshToken,
        expiry_date: expect.any(Date),
        scope: GMAIL,
        token_type: 'Bearer',
      });
      expect(scene.google.tokenRequests()).toBe(0);
    });

    it('refreshes an expired token once for many', async () => {
      const { accessToken, refreshToken } = await scene.connect(-60);
      const asked = Array.from({ length: 20 }, () => scene.call(whose, { getValidToken: [GMAIL] }));
      const tokens = (await Promise.all(asked)) as { access_token: string }[];
      expect(new Set(tokens.map(({ access_token }) => access_token)).size).toBe(1);
      expect(tokens[0]!.access_token).not.toBe(accessToken);
      expect(scene.google.tokenRequests()).toBe(1);
      const rows = await scene.rows();
      expect(rows).toMatchObject([{ refreshing_at: null, failure_count: 0 }]);
      expect(await scene.google.isAlive(refreshToken)).toBe(true);
      expect(tokens[0]).toMatchObject({ scope: expect.stringContaining(GMAIL) });
    });

    it('says that access was revoked, and no token of the answer', async () => {
      const { refreshToken } = await scene.connect(-60);
      await scene.google.revoke(refreshToken);
      const error = await scene.call(whose, { getValidToken: [GMAIL] });
      expect(error).toMatchObject({ _tag: 'TokenRefreshError', provider: 'google' });
      expect(JSON.stringify(error)).not.toContain(refreshToken);
    });

    it('exchanges a refresh token and stores the answer', async () => {
      const { refreshToken, accessToken } = await scene.connect(3_600);
      const token = await scene.call(whose, { refreshToken });
      const { access_token, refresh_token } = token as Record<string, string>;
      expect(access_token).not.toBe(accessToken);
      expect(refresh_token).not.toBe(refreshToken);
      expect(await scene.call(whose, { getValidToken: [GMAIL] })).toMatchObject({
        access_token,
        refresh_token,
      });
    });

    it('says that a refresh token was not exchanged, and stores nothing', async () => {
      const { accessToken } = await scene.connect(3_600);
      const error = await scene.call(whose, { refreshToken: 'wrong' });
      expect(error).toMatchObject({ _tag: 'GoogleTokenRefreshError' });
      expect(await scene.call(whose, { getValidToken: [GMAIL] })).toMatchObject({
        access_token: accessToken,
      });
    });
  });
});
