/** The token responses of an endpoint that behaves well. */

import type { Body, ProviderAnswers } from './provider-answers';

/** What a response tells. */
export interface Issue {
  accessToken: string;
  refreshToken: string;
  /** Whether the refresh token is another one than before. */
  isNew: boolean;
  /** The granted scopes; `undefined`: those that the provider documents. */
  scopes: readonly string[] | undefined;
  /** Absent: none. */
  idToken: string | undefined;
}

/** The usual answer, without the tokens. */
const USUAL: Body = {
  expires_in: 3600,
  token_type: 'Bearer',
  scope: 'https://www.googleapis.com/auth/gmail.readonly',
};

/** The response to a code, or to a refresh token. */
export function tokenResponse(
  grant: 'code' | 'refresh',
  issue: Issue,
  provider: ProviderAnswers | undefined,
): Body {
  const { accessToken, refreshToken, isNew, scopes, idToken } = issue;
  const hasRefreshToken =
    grant === 'code'
      ? !provider || 'refresh_token' in provider.code
      : isNew || provider?.refreshToken === 'same';
  const body = {
    access_token: accessToken,
    ...(hasRefreshToken && { refresh_token: refreshToken }),
    ...(provider?.[grant] ?? USUAL),
  };
  // Inner objects, such as Slack's `authed_user`, may have tokens, too.
  return JSON.parse(JSON.stringify(body), (name: string, value: unknown) => {
    if (name === 'access_token') return accessToken;
    if (name === 'refresh_token') return hasRefreshToken ? refreshToken : undefined;
    if (name === '') return idToken ? { ...Object(value), id_token: idToken } : value;
    if (name === 'id_token') return undefined;
    const isScopes = name === 'scope' || name === 'scopes';
    return isScopes && scopes ? scopesLike(value, scopes, provider?.scopeAliases) : value;
  }) as Body;
}

/** The scopes in the form and words of the provider. */
function scopesLike(
  documented: unknown,
  scopes: readonly string[],
  aliases: ProviderAnswers['scopeAliases'] = {},
): unknown {
  const named = scopes.flatMap((scope) => {
    const alias = Object.hasOwn(aliases, scope) ? aliases[scope] : scope;
    return alias === null || alias === undefined ? [] : [alias];
  });
  if (Array.isArray(documented)) return named;
  return named.join(String(documented).includes(',') ? ',' : ' ');
}

/** An ID token that says who the user is (OpenID Connect Core, section 2), without a signature. */
export function idTokenOf(subject: string, clientId: string): string {
  const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ sub: subject, aud: clientId })}.`;
}
