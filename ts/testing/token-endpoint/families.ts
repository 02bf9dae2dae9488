/** Token families: all refresh tokens of one grant. */

import crypto from 'node:crypto';
import type { TokenRequest } from './request';
import type { TokenResponse } from './step';

/** The tokens of a new grant. */
export interface IssuedTokens {
  accessToken: string;
  refreshToken: string;
}

/** A grant and its refresh tokens. */
export interface TokenFamily {
  /** Whether its newest refresh token is valid. */
  alive: boolean;
  /** Whether `revoke` has ended it, and not the reuse of a token. */
  revoked: boolean;
  /** The newest refresh token. */
  newest: string;
  exchanges: TokenExchange[];
  /** Requests with a token that had been used before; their `issued` is `undefined`. */
  reuses: TokenExchange[];
}

/** One request and its effect on the family. */
export interface TokenExchange {
  /** The refresh token of the request. */
  token: string;
  /** The newest refresh token after the request. */
  issued: string | undefined;
  request: TokenRequest;
}

/** All families of an endpoint. */
export class Families {
  readonly #tokens = new Map<string, { family: TokenFamily; spent: boolean }>();
  readonly #accessTokens = new Map<string, TokenFamily>();

  /** Creates a family, as a code exchange does. */
  issue(): IssuedTokens {
    return this.#issue({ alive: true, revoked: false, newest: '', exchanges: [], reuses: [] });
  }

  isAlive(refreshToken: string): boolean {
    const token = this.#tokens.get(refreshToken);
    return Boolean(token?.family.alive && !token.spent);
  }

  of(refreshToken: string | null): TokenFamily | undefined {
    return this.#tokens.get(refreshToken ?? '')?.family;
  }

  ofAccess(accessToken: string): TokenFamily | undefined {
    return this.#accessTokens.get(accessToken);
  }

  revoke(refreshToken: string): void {
    const family = this.of(refreshToken);
    if (family) Object.assign(family, { alive: false, revoked: true });
  }

  /** The usual response to a request. The reuse of a refresh token revokes its family. */
  exchange(request: TokenRequest, rotate: boolean): TokenResponse {
    if (request.grantType !== 'refresh_token') return { error: 'unsupported_grant_type' };
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

  #issue(family: TokenFamily, refreshToken = newToken('refresh')): IssuedTokens {
    const accessToken = newToken('access');
    family.newest = refreshToken;
    this.#accessTokens.set(accessToken, family);
    if (!this.#tokens.has(refreshToken)) this.#tokens.set(refreshToken, { family, spent: false });
    return { accessToken, refreshToken };
  }
}

function newToken(kind: string): string {
  return `${kind}-${crypto.randomBytes(24).toString('base64url')}`;
}
