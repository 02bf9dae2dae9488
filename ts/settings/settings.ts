/** Where settings come from: explicit options win, what is missing is read from `process.env`. */

import type { InstanceOptions, ProviderOptions } from '../../index';
import { optionalNumber, optionalText, optionalTexts, record, text } from '../input/arguments';
import { ConfigurationError, InvalidArgumentError } from '../errors/errors';
import { type DeadGrant, deadGrantOf } from './dead-grant';
import type { TokenkeepEvent } from '../bridge/events';
import type { Fetch } from '../bridge/fetch';
import { bare, env, variableOf } from '../input/fields';
import { checkProviders } from './provider-fields';
import { warnOf } from './connection-string';
import { type DatabasePassword, keepDatabasePassword } from '../bridge/database-password';

/** An application at a provider; what is left out is as of the provider that is built in: google,
 * microsoft, zoho, github, slack, salesforce. */
export interface ProviderSettings {
  /** RFC 6749, section 3.2; also `TOKENKEEP_<NAME>_TOKEN_URL`, for tests and proxies. */
  tokenUrl?: string | undefined;
  /** RFC 7009; without one `revoke` cannot tell the provider. */
  revocationUrl?: string | undefined;
  clientId: string;
  /** While it is being replaced several, tried in this order; none of a public client. */
  clientSecret?: string | readonly string[] | undefined;
  /** How the application authenticates (RFC 8414): `client_secret_post`. */
  clientAuthentication?: 'client_secret_post' | 'client_secret_basic' | 'none' | undefined;
  /** Whether a refresh may answer with a new refresh token and make the old one worthless: true. */
  rotates?: boolean | undefined;
  /** The lifetime of an access token, in seconds, when an answer names none that can be read: 3,600. */
  defaultExpiresIn?: number | undefined;
  /** What the provider answers when a grant is dead, where it does not say `invalid_grant`. */
  deadGrant?: DeadGrant | undefined;
}

/** What an instance can be told; where a variable is named, it counts when the option is left out. */
export interface TokenKeepOptions {
  /** `DATABASE_URL`; what it does not name is as `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`,
   * `PGDATABASE`, `PGAPPNAME`, `PGOPTIONS`, and those about TLS say: `PGSSLMODE`, `PGSSLROOTCERT` and their like. */
  databaseUrl?: string | undefined;
  /**
   * Gives the password of each new connection, in the place of the URL's: for passwords that rotate, and
   * those that a cloud issues for minutes. Connections that are opened at the same time share a call, which
   * may take as long as `connectTimeoutMs`. An instance with this option has a pool of its own.
   */
  databasePassword?: DatabasePassword | undefined;
  /** The schema of the tables, where the role's `search_path` does not find them. */
  schema?: string | undefined;
  /** Connections of the pool: 6. */
  maxConnections?: number | undefined;
  /** How long connecting may take, in the place of `connect_timeout` and `PGCONNECT_TIMEOUT`: 5,000. */
  connectTimeoutMs?: number | undefined;
  /** How long a call waits for a connection of the pool: 5,000. */
  poolWaitMs?: number | undefined;
  /** How long a statement may take, lock waits included: 7,000. */
  statementTimeoutMs?: number | undefined;
  /** How long a statement waits for a row that another transaction holds: 5,000. */
  lockTimeoutMs?: number | undefined;
  /**
   * `TOKENKEEP_SERVERLESS=1`: one connection, for a function that serves one request at a time. Also
   * without it nothing runs between calls, and a connection that was idle is asked before it is used.
   */
  serverless?: boolean | undefined;
  /** `GMAIL_ENCRYPTION_KEY`: 64 hex characters, or `version:hex` several times, with commas. */
  gmailEncryptionKey?: string | undefined;
  /** `TOKENKEEP_KEY`: as `GMAIL_ENCRYPTION_KEY`; for the stores that once kept plaintext. */
  tokenkeepKey?: string | undefined;
  /**
   * `TOKENKEEP_SEALING`: what those stores write. `'on'`, sealed values, unless told otherwise;
   * `'off'`, plaintext, for the first step of a roll-out and the way back. Both kinds are read.
   */
  sealing?: 'on' | 'off' | undefined;
  /** `TOKENKEEP_REQUIRE_SEALED=1`: plaintext is not read any more, but an error. */
  requireSealed?: boolean | undefined;
  /** `GOOGLE_CLIENT_ID`. */
  googleClientId?: string | undefined;
  /** `GOOGLE_CLIENT_SECRET`. */
  googleClientSecret?: string | undefined;
  /** `TOKENKEEP_GOOGLE_TOKEN_URL`: in the place of Google's own, for tests and proxies. */
  googleTokenUrl?: string | undefined;
  /** `GOOGLE_OAUTH_REDIRECT_URI`: where Google sends users back to, exactly as it is registered. */
  googleOauthRedirectUri?: string | undefined;
  /** `TOKENKEEP_GOOGLE_AUTHORIZATION_URL`: where users agree, in the place of Google's own. */
  googleAuthorizationUrl?: string | undefined;
  /** `TOKENKEEP_GOOGLE_REVOCATION_URL`: where tokens are revoked, in the place of Google's own. */
  googleRevocationUrl?: string | undefined;
  /** `TOKENKEEP_GOOGLE_ISSUER`: who that server says it is, in the place of Google (RFC 9207). */
  googleIssuer?: string | undefined;
  /** `ZOHO_REFRESH_TOKEN`: for clients without a row, or whose grant is dead. */
  zohoRefreshToken?: string | undefined;
  /** Zoho's accounts server of rows that name none: `https://accounts.zoho.com`. */
  zohoAccountsServer?: string | undefined;
  /**
   * `TOKENKEEP_ZOHO_ACCOUNTS_SERVERS`, separated by commas: origins of accounts servers of Zoho's that
   * this version does not know, such as `https://accounts.zoho.xx`. A row may name these, too; they are
   * sent the client's secret.
   */
  zohoAccountsServers?: readonly string[] | undefined;
  /** `TOKENKEEP_ZOHO_TOKEN_URL`: in the place of Zoho's own, for tests and proxies. */
  zohoTokenUrl?: string | undefined;
  /** `ENCRYPTION_SECRET`: at least 32 characters; the vault's values are sealed with it. */
  encryptionSecret?: string | undefined;
  /** `ENCRYPTION_SECRET_PREVIOUS`: opens values, but seals none. */
  encryptionSecretPrevious?: string | undefined;
  /**
   * `TOKENKEEP_SALT_REUSE=0`: every value of the vault is sealed with a salt of its own, which costs
   * tens of milliseconds each. By default one serves 1,000 values, or ten minutes.
   */
  saltReuse?: boolean | undefined;
  /**
   * Where vault and integration refresh, by the provider's name. Without an entry google is the one of
   * `GOOGLE_CLIENT_ID`.
   */
  providers?: Record<string, ProviderSettings> | undefined;
  /**
   * `TOKENKEEP_ALLOW_INSECURE_REQUESTS=1`: token, revocation and authorization endpoints of other
   * machines may begin with `http://`, as in a network that you trust. By default that is a
   * `ConfigurationError`; this machine's own (`localhost`, `127.0.0.1`) may.
   */
  allowInsecureRequests?: boolean | undefined;
  /**
   * `TOKENKEEP_JWT_CLAIMS=1`: the calendar store tells row-level security whose row each statement is
   * about, as `request.jwt.claims`: what `auth.uid()` in the policy of its table asks for. Not needed
   * by a role that owns the table or has `BYPASSRLS`.
   */
  jwtClaims?: boolean | undefined;
  /** `TOKENKEEP_MIXED_FLEET=1`: old TypeScript instances work on the same table. */
  mixedFleet?: boolean | undefined;
  /** How long a call waits for a refresh before it gets a usable token or an error: 20,000. */
  waitMs?: number | undefined;
  /**
   * While somebody else refreshes, take a token with over a minute left at once: true in the integration
   * store, false in the others.
   */
  usableAtOnce?: boolean | undefined;
  /** Threads of the native runtime, decided by the first instance of a process: 1. */
  threads?: number | undefined;
  /** @internal All limits of the refresh protocol divided by this: 1. For tests only. */
  limitsDivisor?: number | undefined;
  /** Sends token requests in the place of the core's own HTTP client: for proxies, mutual TLS, tests.
   * Runs in the async context of the call that it is for. */
  fetch?: Fetch | undefined;
  /** Told of every event, in the async context in which the instance was made. What it throws, or
   * rejects with, is a warning. */
  onEvent?: ((event: TokenkeepEvent) => void) | undefined;
}

/** The options that are texts, and the variable of each that has one. */
const TEXTS = {
  databaseUrl: 'DATABASE_URL',
  schema: undefined,
  gmailEncryptionKey: 'GMAIL_ENCRYPTION_KEY',
  googleClientId: 'GOOGLE_CLIENT_ID',
  googleClientSecret: 'GOOGLE_CLIENT_SECRET',
  googleTokenUrl: 'TOKENKEEP_GOOGLE_TOKEN_URL',
  googleAuthorizationUrl: 'TOKENKEEP_GOOGLE_AUTHORIZATION_URL',
  googleRevocationUrl: 'TOKENKEEP_GOOGLE_REVOCATION_URL',
  googleIssuer: 'TOKENKEEP_GOOGLE_ISSUER',
  googleOauthRedirectUri: 'GOOGLE_OAUTH_REDIRECT_URI',
  tokenkeepKey: 'TOKENKEEP_KEY',
  sealing: 'TOKENKEEP_SEALING',
  zohoRefreshToken: 'ZOHO_REFRESH_TOKEN',
  zohoAccountsServer: undefined,
  zohoAccountsServers: 'TOKENKEEP_ZOHO_ACCOUNTS_SERVERS',
  zohoTokenUrl: 'TOKENKEEP_ZOHO_TOKEN_URL',
  encryptionSecret: 'ENCRYPTION_SECRET',
  encryptionSecretPrevious: 'ENCRYPTION_SECRET_PREVIOUS',
} as const;
const NUMBERS = [
  'maxConnections',
  'connectTimeoutMs',
  'poolWaitMs',
  'statementTimeoutMs',
  'lockTimeoutMs',
  'waitMs',
  'threads',
  'limitsDivisor',
] as const;
const FLAGS = {
  mixedFleet: 'TOKENKEEP_MIXED_FLEET',
  jwtClaims: 'TOKENKEEP_JWT_CLAIMS',
  serverless: 'TOKENKEEP_SERVERLESS',
  requireSealed: 'TOKENKEEP_REQUIRE_SEALED',
  saltReuse: 'TOKENKEEP_SALT_REUSE',
  usableAtOnce: undefined,
  allowInsecureRequests: 'TOKENKEEP_ALLOW_INSECURE_REQUESTS',
} as const;

const FUNCTIONS: readonly string[] = ['onEvent', 'fetch', 'databasePassword'];

/** What is no option: libpq's variables, for what a URL does not name, and files of authorities. */
const VARIABLES = {
  pgHost: 'PGHOST',
  pgPort: 'PGPORT',
  pgUser: 'PGUSER',
  pgPassword: 'PGPASSWORD',
  pgDatabase: 'PGDATABASE',
  pgAppName: 'PGAPPNAME',
  pgOptions: 'PGOPTIONS',
  nodeExtraCaCerts: 'NODE_EXTRA_CA_CERTS',
  sslCertFile: 'SSL_CERT_FILE',
} as const;

/**
 * libpq's variables of what a URL may say of TLS, and of how long connecting may take; the core knows which
 * parameter each stands for.
 */
const LIBPQ_VARIABLES = [
  'PGCONNECT_TIMEOUT',
  'PGSSLMODE',
  'PGREQUIRESSL',
  'PGSSLROOTCERT',
  'PGSSLCERT',
  'PGSSLKEY',
  'PGSSLNEGOTIATION',
  'PGCHANNELBINDING',
  'PGSSLMINPROTOCOLVERSION',
  'PGSSLCERTMODE',
  'PGGSSENCMODE',
  'PGSSLCRL',
  'PGSSLCRLDIR',
  'PGREQUIREAUTH',
  'PGREQUIREPEER',
];

const variables = Object.keys(VARIABLES) as (keyof typeof VARIABLES)[];
const texts = Object.entries(TEXTS) as [keyof typeof TEXTS, string | undefined][];
const flags = Object.entries(FLAGS) as [keyof typeof FLAGS, string | undefined][];

type Name = keyof TokenKeepOptions;

/** The option that is several texts; its variable separates them by commas. */
const LIST = 'zohoAccountsServers';

/** Refuses what is no option, or not of its type. */
export function checkOptions(options: TokenKeepOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (name === LIST) {
      optionalTexts(name, value);
      continue;
    }
    const wanted = typeOf(name as Name);
    if (wanted === undefined) {
      throw new InvalidArgumentError(`${name}: is no option`, { argument: name });
    }
    if (typeof value !== wanted || (wanted === 'number' && !isWhole(value as number))) {
      const what = wanted === 'number' ? 'whole number above 0' : wanted;
      throw new InvalidArgumentError(`${name}: must be a ${what}`, { argument: name });
    }
    if (name === 'providers') checkProviders(value as object);
  }
}

/** Whether the core can take it for a number of something. */
function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0 && value <= 0xffffffff;
}

function typeOf(name: Name): string | undefined {
  if (Object.hasOwn(TEXTS, name)) return 'string';
  if ((NUMBERS as readonly string[]).includes(name)) return 'number';
  if (Object.hasOwn(FLAGS, name)) return 'boolean';
  if (name === 'providers') return 'object';
  return FUNCTIONS.includes(name) ? 'function' : undefined;
}

/** What an option, or its variable, says now; `undefined` when that is nothing. */
export function textOption(
  options: TokenKeepOptions,
  name: Exclude<keyof typeof TEXTS, typeof LIST>,
): string | undefined {
  const variable = TEXTS[name];
  return (options[name] ?? (variable && env[variable])) || undefined;
}

/** What options and variables say now; when it has changed, the native instance is made anew. */
export function read(options: TokenKeepOptions): (string | undefined)[] {
  const said: (string | undefined)[] = [];
  for (const [name, variable] of texts) {
    const given = name === LIST ? options[name]?.join() : options[name];
    said.push(given ?? (variable && variableOf(variable)));
  }
  for (const [name, variable] of flags)
    said.push(options[name]?.toString() ?? (variable && variableOf(variable)));
  for (const name of Object.keys(options.providers ?? {}))
    said.push(variableOf(tokenUrlVariable(name)));
  said[0] ||= variableOf('PGHOST') && 'postgres://';
  said.push(...libpqNow());
  for (const variable of Object.values(VARIABLES)) said.push(variableOf(variable));
  return said;
}

/**
 * libpq's variables. Each look at a variable costs as much as a tenth of a call, and these are many:
 * calls that are made before the event loop goes on share one.
 */
function libpqNow(): readonly (string | undefined)[] {
  if (!sharedLibpq) {
    sharedLibpq = LIBPQ_VARIABLES.map(variableOf);
    void Promise.resolve().then(() => (sharedLibpq = undefined));
  }
  return sharedLibpq;
}

let sharedLibpq: readonly (string | undefined)[] | undefined;

/** The settings that the core is given. */
export function resolve(options: TokenKeepOptions, said: (string | undefined)[]): InstanceOptions {
  const settings: InstanceOptions = bare({});
  texts.forEach(([name], index) => {
    const text = said[index];
    if (text) settings[name] = text;
  });
  flags.forEach(([name, variable], index) => {
    const text = said[texts.length + index];
    if (text) settings[name] = flag(variable ?? name, text);
  });
  for (const name of NUMBERS) {
    if (options[name] !== undefined) settings[name] = options[name];
  }
  variables.forEach((name, index) => {
    const text = said[said.length - variables.length + index];
    if (text) settings[name] = text;
  });
  const tlsVariables: Record<string, string> = bare({});
  LIBPQ_VARIABLES.forEach((name, index) => {
    const text = said[said.length - variables.length - LIBPQ_VARIABLES.length + index];
    if (text) tlsVariables[name] = text;
  });
  settings.tlsVariables = tlsVariables;
  if (settings.databaseUrl) warnOf(settings.databaseUrl, tlsVariables);
  if (options.fetch) settings.hasFetch = true;
  if (options.providers) settings.providers = providersOf(options.providers);
  // Last: what is refused above would never be forgotten.
  if (options.databasePassword) {
    settings.databasePassword = keepDatabasePassword(options.databasePassword);
  }
  return settings;
}

function providersOf(given: Record<string, ProviderSettings>): ProviderOptions[] {
  return Object.entries(record('providers', given)).map(([name, value]) => {
    const at = `providers.${name}`;
    const fields = record(at, value);
    const { rotates } = fields;
    if (rotates !== undefined && typeof rotates !== 'boolean') {
      throw new InvalidArgumentError(`${at}.rotates: must be a boolean`, { argument: at });
    }
    const lifetime = `${at}.defaultExpiresIn`;
    const defaultExpiresInS = optionalNumber(lifetime, fields['defaultExpiresIn']);
    if (defaultExpiresInS !== undefined && !isWhole(defaultExpiresInS)) {
      throw new InvalidArgumentError(`${lifetime}: must be a whole number above 0`, {
        argument: lifetime,
      });
    }
    const deadGrant = deadGrantOf(`${at}.deadGrant`, fields['deadGrant']);
    const secrets = fields['clientSecret'];
    const tokenUrl =
      optionalText(`${at}.tokenUrl`, fields['tokenUrl']) ?? env[tokenUrlVariable(name)];
    const revocationUrl = optionalText(`${at}.revocationUrl`, fields['revocationUrl']);
    const authentication = optionalText(
      `${at}.clientAuthentication`,
      fields['clientAuthentication'],
    );
    return bare({
      name,
      clientId: filled(`${at}.clientId`, fields['clientId']),
      clientSecrets:
        optionalTexts(`${at}.clientSecret`, typeof secrets === 'string' ? [secrets] : secrets)?.map(
          (secret) => filled(`${at}.clientSecret`, secret),
        ) ?? [],
      ...(tokenUrl ? { tokenUrl } : {}),
      ...(revocationUrl === undefined ? {} : { revocationUrl }),
      ...(authentication === undefined ? {} : { clientAuthentication: authentication }),
      ...(rotates === undefined ? {} : { rotates }),
      ...(defaultExpiresInS === undefined ? {} : { defaultExpiresInS }),
      ...(deadGrant === undefined ? {} : { deadGrant }),
    });
  });
}

function filled(argument: string, value: unknown): string {
  const given = text(argument, value);
  if (given) return given;
  throw new InvalidArgumentError(`${argument}: must not be empty`, { argument });
}

/** `TOKENKEEP_MICROSOFT_TOKEN_URL` and the like. */
function tokenUrlVariable(provider: string): string {
  return `TOKENKEEP_${provider.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_TOKEN_URL`;
}

/** A variable that is 1 or 0. */
export function flag(variable: string, value: string): boolean {
  if (['0', 'false', 'off'].includes(value)) return false;
  if (['1', 'true', 'on'].includes(value)) return true;
  throw new ConfigurationError(`${variable}: must be 1 or 0`);
}
