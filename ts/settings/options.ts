/** The options of `createTokenKeep`. */

import type { DatabasePassword } from '../bridge/database-password';
import type { TokenkeepEvent } from '../bridge/events';
import type { Fetch } from '../bridge/fetch';
import type { ProviderDescription, UrlVariable } from './provider-description';

/**
 * An application (OAuth client) at a provider, and the description of the provider. Absent fields default to those
 * of the built-in provider of that name. The variables `TOKENKEEP_<NAME>_TOKEN_URL`, `_AUTHORIZATION_URL`,
 * `_REVOCATION_URL` and `_ISSUER` replace these fields, for tests and proxies.
 */
export interface ProviderSettings extends Omit<ProviderDescription, 'variables'> {
  clientId: string;
  /** During a rotation, several secrets, tried in this order. None for a public client, or one with a `privateKey`. */
  clientSecret?: string | readonly string[] | undefined;
  /**
   * The key with which the client authenticates (`private_key_jwt`, RFC 7523), instead of a secret: PKCS#8 in PEM
   * format, or a JWK as an object or as JSON. RSA of 2048 to 4096 bits, or EC on P-256.
   */
  privateKey?: string | object | undefined;
  /** The header `kid` of client assertions. Default: that of the JWK, otherwise none. */
  keyId?: string | undefined;
  /** The algorithm of client assertions. Default: `alg` of the JWK, otherwise `RS256` for RSA and `ES256` for EC. */
  signingAlgorithm?: SigningAlgorithm | undefined;
  /**
   * The SHA-1 or SHA-256 thumbprint of the certificate in hexadecimal, for the header `x5t` or `x5t#S256` of client
   * assertions. Microsoft Entra needs it.
   */
  certificateThumbprint?: string | undefined;
  /** Values of variables in URLs, such as `{ tenant: 'contoso.com' }`, or declarations of further ones. */
  variables?: Record<string, string | UrlVariable> | undefined;
}

/** Algorithms of client assertions (RFC 7518, section 3.1). */
export type SigningAlgorithm = 'RS256' | 'PS256' | 'ES256';

/**
 * The options of an instance. If an option is absent, the variable that it names is read instead: once, when the
 * instance is first used.
 */
export interface TokenKeepOptions {
  /** `DATABASE_URL`. Missing parts are taken from `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`,
   * `PGDATABASE`, `PGAPPNAME`, `PGOPTIONS` and libpq's variables for TLS, such as `PGSSLMODE` and
   * `PGSSLROOTCERT`. */
  databaseUrl?: string | undefined;
  /**
   * Returns the password of each new connection, instead of the one in the URL: for passwords that rotate,
   * and for short-lived ones that a cloud issues. Connections that are opened at the same time share a
   * call, which may take up to `connectTimeoutMs`. An instance with this option has a pool of its own.
   */
  databasePassword?: DatabasePassword | undefined;
  /** The schema of the tables. Default: the role's `search_path`. */
  schema?: string | undefined;
  /** The maximum number of connections in the pool. Default: 6. */
  maxConnections?: number | undefined;
  /** How long connecting may take, in milliseconds; overrides `connect_timeout` and `PGCONNECT_TIMEOUT`.
   * Default: 5,000. */
  connectTimeoutMs?: number | undefined;
  /** How long a call waits for a free connection, in milliseconds. Default: 5,000. */
  poolWaitMs?: number | undefined;
  /** How long a statement may take, including lock waits, in milliseconds. Default: 7,000. */
  statementTimeoutMs?: number | undefined;
  /** How long a statement waits for a row lock, in milliseconds. Default: 5,000. */
  lockTimeoutMs?: number | undefined;
  /**
   * `TOKENKEEP_SERVERLESS=1`: a pool of one connection, for functions that serve one request at a time. In
   * either mode, nothing runs between calls, and an idle connection is checked before it is used.
   */
  serverless?: boolean | undefined;
  /**
   * `TOKENKEEP_PREPARED_STATEMENTS=0`: statements are never prepared on the server. By default they are, once per
   * connection, where nothing stands between this process and the server; `pgbouncer=true` in the URL turns that
   * off, too.
   */
  preparedStatements?: boolean | undefined;
  /** `GMAIL_ENCRYPTION_KEY`: 64 hex characters, or several `version:hex` separated by commas. */
  gmailEncryptionKey?: string | undefined;
  /** `TOKENKEEP_KEY`: same format as `GMAIL_ENCRYPTION_KEY`; seals the values of zoho, calendar and
   * integration. */
  tokenkeepKey?: string | undefined;
  /**
   * `TOKENKEEP_SEALING`: what zoho, calendar and integration write. `'on'` (default): sealed values.
   * `'off'`: plaintext, for the first step of a roll-out and for the way back. Both are read in either
   * mode.
   */
  sealing?: 'on' | 'off' | undefined;
  /** `TOKENKEEP_REQUIRE_SEALED=1`: reading plaintext is an error. */
  requireSealed?: boolean | undefined;
  /** `GOOGLE_CLIENT_ID`. */
  googleClientId?: string | undefined;
  /** `GOOGLE_CLIENT_SECRET`. */
  googleClientSecret?: string | undefined;
  /** `TOKENKEEP_GOOGLE_TOKEN_URL`: replaces Google's token endpoint, for tests and proxies. */
  googleTokenUrl?: string | undefined;
  /** `GOOGLE_OAUTH_REDIRECT_URI`: the redirect URI, exactly as registered with Google. */
  googleOauthRedirectUri?: string | undefined;
  /** `TOKENKEEP_GOOGLE_AUTHORIZATION_URL`: replaces Google's authorization endpoint. */
  googleAuthorizationUrl?: string | undefined;
  /** `TOKENKEEP_GOOGLE_REVOCATION_URL`: replaces Google's revocation endpoint. */
  googleRevocationUrl?: string | undefined;
  /** `TOKENKEEP_GOOGLE_ISSUER`: replaces Google as the expected issuer (RFC 9207). */
  googleIssuer?: string | undefined;
  /** `ZOHO_REFRESH_TOKEN`: used for clients that have no row, or whose grant is dead. */
  zohoRefreshToken?: string | undefined;
  /** Zoho's accounts server for rows that name none. Default: `https://accounts.zoho.com`. */
  zohoAccountsServer?: string | undefined;
  /**
   * `TOKENKEEP_ZOHO_ACCOUNTS_SERVERS`, separated by commas: additional origins of Zoho's accounts servers,
   * such as `https://accounts.zoho.xx`, that rows may name. They receive the client secret.
   */
  zohoAccountsServers?: readonly string[] | undefined;
  /** `TOKENKEEP_ZOHO_TOKEN_URL`: replaces Zoho's token endpoint, for tests and proxies. */
  zohoTokenUrl?: string | undefined;
  /** `ENCRYPTION_SECRET`: at least 32 characters; seals the values of the vault. */
  encryptionSecret?: string | undefined;
  /** `ENCRYPTION_SECRET_PREVIOUS`: opens values of the vault, but seals none. */
  encryptionSecretPrevious?: string | undefined;
  /**
   * `TOKENKEEP_SALT_REUSE=0`: every value of the vault gets a salt of its own, which costs tens of
   * milliseconds each. By default, a salt is used for 1,000 values or ten minutes.
   */
  saltReuse?: boolean | undefined;
  /**
   * The clients of vault and integration, by the provider's name. Default for google: the client of
   * `GOOGLE_CLIENT_ID`.
   */
  providers?: Record<string, ProviderSettings> | undefined;
  /**
   * `TOKENKEEP_ALLOW_INSECURE_REQUESTS=1`: allows `http://` URLs for token, revocation and authorization
   * endpoints on other machines, for a trusted network. By default they are a `ConfigurationError`.
   * `http://` URLs of this machine (`localhost`, `127.0.0.1`) are always allowed.
   */
  allowInsecureRequests?: boolean | undefined;
  /**
   * `TOKENKEEP_JWT_CLAIMS=1`: the calendar store sets `request.jwt.claims` to the row's user in each
   * transaction, which `auth.uid()` in the table's policy reads. A role that owns the table or has
   * `BYPASSRLS` does not need it.
   */
  jwtClaims?: boolean | undefined;
  /** `TOKENKEEP_MIXED_FLEET=1`: old TypeScript instances use the same table. */
  mixedFleet?: boolean | undefined;
  /** How long a call waits for a refresh before it returns a usable token or an error, in milliseconds.
   * Default: 20,000. */
  waitMs?: number | undefined;
  /**
   * While another call refreshes, return a token with more than a minute left immediately. Default: true in
   * the integration store, false in the others.
   */
  usableAtOnce?: boolean | undefined;
  /** Threads of the native runtime; the first instance of a process decides. Default: 1. */
  threads?: number | undefined;
  /** @internal Divides all limits of the refresh protocol, for tests only. Default: 1. */
  limitsDivisor?: number | undefined;
  /** Sends token requests instead of the built-in HTTP client: for proxies, mutual TLS, tests. Runs in the
   * async context of the call that needs the request. */
  fetch?: Fetch | undefined;
  /** Receives every event, in the async context in which the instance was created. If it throws or
   * rejects, that becomes a process warning. */
  onEvent?: ((event: TokenkeepEvent) => void) | undefined;
}
