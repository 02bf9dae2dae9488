/** Token families: all refresh tokens of one grant. */

import crypto from 'node:crypto';
import type { Authorizations } from './authorization';
import { type Answer, type ProviderAnswers, deadGrantOf } from './provider-answers';
import type { TokenRequest } from './request';
import { idTokenOf, tokenResponse } from './token-response';

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
  /** The granted scopes; `undefined`: those that the provider documents. */
  readonly scopes: readonly string[] | undefined;
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
  readonly #authorizations: Authorizations;
  readonly #provider: ProviderAnswers | undefined;

  constructor(authorizations: Authorizations, provider: ProviderAnswers | undefined) {
    this.#authorizations = authorizations;
    this.#provider = provider;
  }

  /** Creates a family, as a code exchange does. */
  issue(scopes?: readonly string[]): IssuedTokens {
    const family = { alive: true, revoked: false, newest: '', scopes, exchanges: [], reuses: [] };
    return this.#issue(family);
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

  /** The usual answer to a request. The reuse of a refresh token revokes its family. */
  exchange(request: TokenRequest, rotate: boolean): Answer {
    if (request.grantType === 'authorization_code') return this.#redeem(request);
    const isUnnamed = this.#provider?.namesGrantType === false && request.grantType === null;
    if (isUnnamed || request.grantType === 'refresh_token') return this.#refresh(request, rotate);
    return { status: 400, body: { error: 'unsupported_grant_type' } };
  }

  #redeem(request: TokenRequest): Answer {
    const consented = this.#authorizations.redeem(request);
    if (!consented) return deadGrantOf(this.#provider, true);
    const { scopes, subject, clientId } = consented;
    const idToken = subject === undefined ? undefined : idTokenOf(subject, clientId);
    const issue = { ...this.issue(scopes), isNew: true, scopes, idToken };
    return { status: 200, body: tokenResponse('code', issue, this.#provider) };
  }

  #refresh(request: TokenRequest, rotate: boolean): Answer {
    const refreshToken = request.refreshToken ?? '';
    const token = this.#tokens.get(refreshToken);
    if (token?.spent) {
      token.family.alive = false;
      token.family.reuses.push({ token: refreshToken, issued: undefined, request });
    }
    if (!token?.family.alive) return deadGrantOf(this.#provider, false);
    token.spent = rotate;
    const { scopes } = token.family;
    const issued = this.#issue(token.family, rotate ? undefined : refreshToken);
    token.family.exchanges.push({ token: refreshToken, issued: issued.refreshToken, request });
    const issue = { ...issued, isNew: rotate, scopes, idToken: undefined };
    return { status: 200, body: tokenResponse('refresh', issue, this.#provider) };
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
