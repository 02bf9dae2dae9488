/**
 * The description of a provider: data, the same for the built-in ones (`providers/*.json`) and for those of the
 * option `providers`. Names are those of RFC 8414 in camel case, where it has one; `authorizationUrl`,
 * `tokenUrl` and `revocationUrl` are its `authorization_endpoint`, `token_endpoint` and `revocation_endpoint`.
 */
export interface ProviderDescription {
  /** Its name on pages. Default: the name in the option. */
  title?: string | undefined;
  /**
   * The issuer identifier, exactly as the server calls itself. An authorization response with another `iss` is refused
   * (RFC 9207). Without a `tokenUrl`, the endpoints are found through it when they are first needed (RFC 8414, OpenID
   * Connect Discovery); whatever else is described wins over what is found.
   */
  issuer?: string | undefined;
  /** The authorization endpoint. Connecting users needs it. */
  authorizationUrl?: string | undefined;
  /** The token endpoint; without it, `issuer` is needed. `{name}` in a URL stands for one of `variables`. */
  tokenUrl?: string | undefined;
  /** The endpoint for refreshes, if it is not the token endpoint. */
  refreshUrl?: string | undefined;
  /** The revocation endpoint (RFC 7009). Without it, revoking does not call the provider. */
  revocationUrl?: string | undefined;
  /** How tokens are revoked there. Default: as RFC 7009 says. */
  revocation?: RevocationForm | undefined;
  /** What stands in braces in URLs. One that is called `client_id` has the client's ID. */
  variables?: Record<string, UrlVariable> | undefined;

  /**
   * How the client authenticates at the token endpoint. Default: `client_secret_post`, or `client_secret_basic` where
   * the server is found through its issuer and does not name the former.
   * `client_secret_basic` encodes ID and secret as RFC 6749, section 2.3.1, says; `client_secret_basic_raw` sends
   * them as they are, for servers that do not decode them. A client with a `privateKey` has `private_key_jwt`.
   */
  clientAuthentication?: ClientAuthentication | undefined;
  /** The claim `aud` of client assertions. Default: `issuer` (RFC 10070), otherwise `tokenUrl`. */
  assertionAudience?: string | undefined;
  /** The format of requests to the token endpoint. Default: `form`. */
  requestFormat?: 'form' | 'json' | undefined;
  /** Headers of requests to the token endpoint, in addition to `Content-Type` and `Accept`. */
  requestHeaders?: Record<string, string> | undefined;
  /** Other names of parameters, such as `{ client_id: 'client_key' }`. Also in authorization requests. */
  parameterNames?: Record<string, string> | undefined;
  /** Parameters of authorization requests, such as `{ access_type: 'offline' }`. */
  authorizationParameters?: Record<string, string> | undefined;
  /** Parameters of the code exchange, in addition to those of RFC 6749. */
  codeParameters?: Record<string, string> | undefined;
  /** Parameters of a refresh, in addition to those of RFC 6749. An empty value leaves a parameter out. */
  refreshParameters?: Record<string, string> | undefined;
  /** Whether a refresh sends the granted scopes. Default: false. */
  refreshSendsScope?: boolean | undefined;

  /** What separates scopes in requests. Default: a space. */
  scopeSeparator?: ' ' | ',' | undefined;
  /** Scopes without which there is no refresh token, such as `['offline_access']`: each authorization request has them. */
  offlineScopes?: readonly string[] | undefined;
  /**
   * What responses call a scope that was asked for; `null`: they never name it. The same scope in another case, or
   * with its full name such as `https://graph.microsoft.com/Mail.Read`, needs no entry, and neither do those of
   * OpenID Connect.
   */
  scopeAliases?: Record<string, string | null> | undefined;
  /**
   * Whether users may grant less than what was asked for; then connecting with less is the error
   * `scopes_missing`. Default: false.
   */
  scopesMayBeDeclined?: boolean | undefined;
  /** PKCE (RFC 7636). Default: `S256`. */
  codeChallengeMethod?: 'S256' | 'none' | undefined;
  /**
   * What is kept of token responses in the row's `metadata`, by name: JSON pointers (RFC 6901) into the body, such as
   * `{ team_id: '/team/id' }`. It is stored as it is, so it must not be secret.
   */
  metadata?: Record<string, string> | undefined;
  /** Parameters of the authorization response that are kept in `metadata` under their names, such as `realmId`. */
  callbackParameters?: readonly string[] | undefined;
  /** JSON pointer (RFC 6901) of the object that contains the tokens, such as `/authed_user`. Default: the body. */
  tokensAt?: string | undefined;
  /**
   * The lifetime of an access token in seconds, if the response names none; `null`: it never expires then.
   * Default: 3,600.
   */
  defaultExpiresIn?: number | null | undefined;
  /**
   * Whether a refresh returns a new refresh token, and invalidates the old one: `never`, `sometimes` (such as a
   * setting of the application) or `always`. Default: `sometimes`.
   */
  rotation?: Rotation | undefined;
  /**
   * How long a refresh token can be exchanged again after it was used: seconds since its first use, or `until_used`,
   * which means until its successor is used. Then a refresh whose response was lost is sent again at once. Default:
   * 0.
   */
  rotationGrace?: number | 'until_used' | undefined;
  /**
   * Whether a refresh invalidates the access token that was given before. Then nobody gets that token from when a
   * refresh begins: callers wait for the new one. Default: false.
   */
  refreshEndsAccessToken?: boolean | undefined;
  /**
   * The most refreshes of one refresh token, such as `{ count: 10, seconds: 600 }`. A refresh of the last
   * `seconds / count` seconds is shared by all callers, also by those that force one. Default: no limit.
   */
  refreshLimit?: { count: number; seconds: number } | undefined;
  /**
   * What errors mean, in addition to those of RFC 6749 and those that count for every provider. The first that
   * matches counts. 408, 425, 429, redirects and statuses from 500 never match, and neither do responses with an
   * access token.
   */
  errors?: readonly ErrorRule[] | undefined;
}

/** The request that revokes a token, where it is not that of RFC 7009. */
export interface RevocationForm {
  /** Default: `POST`. */
  method?: 'POST' | 'DELETE' | undefined;
  /** The token that ends the grant. Default: `refresh_token`, or the access token if there is no refresh token. */
  token?: 'refresh_token' | 'access_token' | undefined;
  /** Where the token stands. In a URL and as a Bearer token, there is no body. Default: `body`. */
  tokenIn?: 'body' | 'query' | 'authorization' | undefined;
  /** The name of its parameter. Default: `token`. */
  tokenParameter?: string | undefined;
  /** Default: as at the token endpoint. */
  clientAuthentication?: ClientAuthentication | undefined;
  /** Default: as at the token endpoint. */
  requestFormat?: 'form' | 'json' | undefined;
}

/** A part of a URL. It is matched as a whole. */
export interface UrlVariable {
  /** The values that are allowed. */
  values?: readonly string[] | undefined;
  /** A regular expression that the whole value must match, such as `[a-z0-9-]{1,63}`. */
  pattern?: string | undefined;
  /** Used if none is given. */
  default?: string | undefined;
  /**
   * Whether each connection has its own value: that of the connect request (`?shop=…`, or the option `variables`),
   * which is kept in `metadata`. Only for values at which the client secret may be sent. Default: false; a value
   * that the application sets holds for all connections.
   */
  perConnection?: boolean | undefined;
  /** The parameter of the authorization response that says the value for a connection, such as `accounts-server`. */
  callbackParameter?: string | undefined;
}

/** How a client authenticates at the token endpoint (RFC 8414, `token_endpoint_auth_methods_supported`). */
export type ClientAuthentication =
  | 'client_secret_post'
  | 'client_secret_basic'
  | 'client_secret_basic_raw'
  | 'private_key_jwt'
  | 'none';

/** Whether a refresh returns a new refresh token and invalidates the old one. */
export type Rotation = 'never' | 'sometimes' | 'always';

/** What an error response means. Every condition that is given must hold. */
export interface ErrorRule {
  /** The status. */
  status?: number | readonly number[] | undefined;
  /** The member `error`. */
  error?: string | readonly string[] | undefined;
  /** A JSON pointer (RFC 6901) of another member, and what it must be, as in `{ path: '/reason', value: 4702 }`. */
  path?: string | undefined;
  value?: string | number | boolean | readonly (string | number | boolean)[] | undefined;
  /** Words in `error_description`, in any case. */
  description?: string | undefined;
  /** The body is empty. */
  emptyBody?: boolean | undefined;
  /** What it means. */
  meaning: ErrorMeaning;
  /**
   * What it is called in errors, such as `AADSTS{value}`: `{value}` stands for the value. Default: the matching
   * `error` or value.
   */
  code?: string | undefined;
  /** How long to wait, in seconds, if the response does not say it; of `throttled` and `unavailable`. */
  pause?: number | undefined;
}

/**
 * - `grant_dead`: the refresh token is not valid any more; the user must connect again.
 * - `user_action`: the user must sign in again; the same happens.
 * - `administrator`: an administrator of the user's organization must act; the grant is kept.
 * - `misconfigured`: the provider refuses the request because of how the application is set up; the grant is kept.
 * - `client_rejected`: the client's credentials are wrong; no grant is affected.
 * - `throttled`: too many requests.
 * - `unavailable`: a temporary failure; the refresh token was not used.
 * - `outcome_unknown`: the refresh token may have been used.
 */
export type ErrorMeaning =
  | 'grant_dead'
  | 'user_action'
  | 'administrator'
  | 'misconfigured'
  | 'client_rejected'
  | 'throttled'
  | 'unavailable'
  | 'outcome_unknown';
