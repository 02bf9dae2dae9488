import crypto from 'node:crypto';

export const tenantId = 'bench';
export const scope = 'https://www.googleapis.com/auth/gmail.readonly';

const hour = 3_600_000;

/** The lengths of Google's tokens: 200 bytes for an access token, 103 for a refresh token. */
export function newTokens() {
  return {
    accessToken: `ya29.${crypto.randomBytes(147).toString('base64url').slice(0, 195)}`,
    refreshToken: `1//${crypto.randomBytes(75).toString('base64url')}`,
  };
}

export function expiresInAnHour() {
  return new Date(Date.now() + hour);
}

export function expiredAMinuteAgo() {
  return new Date(Date.now() - 60_000);
}
