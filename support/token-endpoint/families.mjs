import crypto from 'node:crypto';

/**
 * A grant and the refresh tokens that it has had.
 *
 * @typedef {object} Family
 * @property {boolean} alive whether its newest refresh token would be exchanged
 * @property {boolean} revoked ended by `revoke`, not because a token came back
 * @property {string} newest refresh token
 * @property {Exchange[]} exchanges
 * @property {Exchange[]} reuses requests with a token that was spent before; nothing is `issued`
 *
 * @typedef {object} Exchange
 * @property {string} token that was sent
 * @property {string | undefined} issued the newest refresh token after it
 * @property {import('../token-endpoint.mjs').Request} request
 */

/** Refresh tokens by the family that they belong to. */
export class Families {
  /** @type {Map<string, { family: Family, spent: boolean }>} */
  #tokens = new Map();
  /** @type {Map<string, Family>} */
  #accessTokens = new Map();

  /** A new family, as a code exchange makes it. */
  issue() {
    return this.#issue({ alive: true, revoked: false, newest: '', exchanges: [], reuses: [] });
  }

  /** @param {string} refreshToken */
  isAlive(refreshToken) {
    const token = this.#tokens.get(refreshToken);
    return Boolean(token?.family.alive && !token.spent);
  }

  /** @param {string | null} refreshToken */
  of(refreshToken) {
    return this.#tokens.get(refreshToken ?? '')?.family;
  }

  /** @param {string} accessToken */
  ofAccess(accessToken) {
    return this.#accessTokens.get(accessToken);
  }

  /** @param {string} refreshToken */
  revoke(refreshToken) {
    const family = this.of(refreshToken);
    if (family) Object.assign(family, { alive: false, revoked: true });
  }

  /**
   * @param {import('../token-endpoint.mjs').Request} request
   * @param {boolean} rotate
   */
  exchange(request, rotate) {
    if (request.form.grant_type !== 'refresh_token') return { error: 'unsupported_grant_type' };
    const refreshToken = request.refreshToken ?? '';
    const token = this.#tokens.get(refreshToken);
    if (token?.spent) {
      token.family.alive = false;
      token.family.reuses.push({ token: refreshToken, issued: undefined, request });
    }
    if (!token?.family.alive) return { error: 'invalid_grant' };
    token.spent = rotate;
    const issued = this.#issue(token.family, rotate ? undefined : refreshToken);
    token.family.exchanges.push({ token: refreshToken, issued: issued.refreshToken, request });
    return {
      access_token: issued.accessToken,
      ...(rotate && { refresh_token: issued.refreshToken }),
      expires_in: 3600,
      token_type: 'Bearer',
      scope: 'https://www.googleapis.com/auth/gmail.readonly',
    };
  }

  #issue(family, refreshToken = newToken('refresh')) {
    const accessToken = newToken('access');
    family.newest = refreshToken;
    this.#accessTokens.set(accessToken, family);
    if (!this.#tokens.has(refreshToken)) this.#tokens.set(refreshToken, { family, spent: false });
    return { accessToken, refreshToken };
  }
}

function newToken(kind) {
  return `${kind}-${crypto.randomBytes(24).toString('base64url')}`;
}
