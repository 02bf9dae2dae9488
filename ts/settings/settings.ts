/** Settings: options, and environment variables for those that are absent. */

import type { InstanceOptions } from '../../index';
import { keepDatabasePassword } from '../bridge/database-password';
import { ConfigurationError, InvalidArgumentError } from '../errors/errors';
import { optionalTexts } from '../input/arguments';
import { variableOf, withoutPrototype } from '../input/fields';
import { didYouMean } from '../input/nearest';
import { warnOf } from './connection-string';
import type { TokenKeepOptions } from './options';
import { isPositiveInteger } from './provider-fields';
import { clientsOfVariables } from './provider-variables';
import { checkProviders, resolveProviders } from './providers';
import { CurrentVariables, type Variables, readVariables } from './variables';

/** The string options, and the variable of each, if it has one. */
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
  preparedStatements: 'TOKENKEEP_PREPARED_STATEMENTS',
  requireSealed: 'TOKENKEEP_REQUIRE_SEALED',
  saltReuse: 'TOKENKEEP_SALT_REUSE',
  usableAtOnce: undefined,
  allowInsecureRequests: 'TOKENKEEP_ALLOW_INSECURE_REQUESTS',
} as const;

const FUNCTIONS: readonly string[] = ['onEvent', 'fetch', 'databasePassword'];

/** Variables without an option: libpq's, for parts that the URL lacks, and files of authorities. */
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

/** libpq's variables for TLS and the connect timeout. The core maps each to a parameter of the URL. */
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

/**
 * The HTTP proxy and the hosts without it, the first that is set, as google-auth-library reads them. The process has
 * one HTTP client, so changes are not followed.
 */
const PROXY = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];
const NO_PROXY = ['NO_PROXY', 'no_proxy'];

const texts = Object.entries(TEXTS) as [keyof typeof TEXTS, string | undefined][];
const flags = Object.entries(FLAGS) as [keyof typeof FLAGS, string | undefined][];
const variables = Object.entries(VARIABLES) as [keyof typeof VARIABLES, string][];

/** Every variable except those of providers and proxies. */
const NAMES: readonly string[] = [...texts, ...flags, ...variables]
  .flatMap(([, variable]) => variable ?? [])
  .concat(LIBPQ_VARIABLES);

type Name = keyof TokenKeepOptions;

/** The option that is an array of strings; its variable separates them by commas. */
const LIST = 'zohoAccountsServers';

/** Every option. */
const OPTIONS: readonly string[] = [
  ...Object.keys(TEXTS),
  ...NUMBERS,
  ...Object.keys(FLAGS),
  ...FUNCTIONS,
  'providers',
  LIST,
];

/** Rejects unknown options and values of a wrong type. */
export function checkOptions(options: TokenKeepOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (name === LIST) {
      optionalTexts(name, value);
      continue;
    }
    const wanted = typeOf(name as Name);
    if (wanted === undefined) {
      throw new InvalidArgumentError(`${name}: unknown option${didYouMean(name, OPTIONS)}`, {
        argument: name,
      });
    }
    if (typeof value !== wanted || (wanted === 'number' && !isPositiveInteger(value as number))) {
      const what = wanted === 'object' ? 'an object' : `a ${wanted}`;
      const rule = wanted === 'number' ? 'a positive integer' : what;
      throw new InvalidArgumentError(`${name}: must be ${rule}`, { argument: name });
    }
    if (name === 'providers') checkProviders(value as object);
  }
}

function typeOf(name: Name): string | undefined {
  if (Object.hasOwn(TEXTS, name)) return 'string';
  if ((NUMBERS as readonly string[]).includes(name)) return 'number';
  if (Object.hasOwn(FLAGS, name)) return 'boolean';
  if (name === 'providers') return 'object';
  return FUNCTIONS.includes(name) ? 'function' : undefined;
}

/** The options of an instance, and the variables for those that are absent. */
export class Settings {
  readonly options: TokenKeepOptions;
  /** Whether changes of variables are followed. */
  readonly isFollowing: boolean;
  readonly #current: CurrentVariables | undefined;
  #variables: Variables | undefined;

  /** Reads variables at the first use only. */
  constructor(options: TokenKeepOptions, current?: CurrentVariables) {
    this.options = options;
    this.isFollowing = current !== undefined;
    this.#current = current;
  }

  /** Without options; follows changes of variables. */
  static following(): Settings {
    return new Settings(withoutPrototype({}), new CurrentVariables(NAMES));
  }

  /** The variables; the same object as long as none has changed. */
  get variables(): Variables {
    return this.#current?.get() ?? (this.#variables ??= readVariables(NAMES));
  }

  /** A string option or its variable; `undefined` if both are empty or absent. */
  text(name: Exclude<keyof typeof TEXTS, typeof LIST>): string | undefined {
    const variable = TEXTS[name];
    return (this.options[name] ?? (variable && this.variables[variable])) || undefined;
  }

  /** The settings for the core. Each call adds a user of `databasePassword`. */
  resolve(): InstanceOptions {
    return resolve(this.options, this.variables);
  }
}

function resolve(options: TokenKeepOptions, values: Variables): InstanceOptions {
  const settings: InstanceOptions = withoutPrototype({});
  for (const [name, variable] of texts) {
    const given = name === LIST ? options[name]?.join() : options[name];
    const text = given ?? (variable && values[variable]);
    if (text) settings[name] = text;
  }
  if (values['PGHOST']) settings.databaseUrl ??= 'postgres://';
  for (const [name, variable] of flags) {
    const text = options[name]?.toString() ?? (variable && values[variable]);
    if (text) settings[name] = flag(variable ?? name, text);
  }
  for (const name of NUMBERS) {
    if (options[name] !== undefined) settings[name] = options[name];
  }
  for (const [name, variable] of variables) {
    const text = values[variable];
    if (text) settings[name] = text;
  }
  const tlsVariables: Record<string, string> = withoutPrototype({});
  for (const name of LIBPQ_VARIABLES) {
    const text = values[name];
    if (text) tlsVariables[name] = text;
  }
  settings.tlsVariables = tlsVariables;
  if (settings.databaseUrl) warnOf(settings.databaseUrl, tlsVariables);
  if (options.fetch) settings.hasFetch = true;
  const proxyUrl = PROXY.map(variableOf).find(Boolean);
  if (proxyUrl) settings.proxyUrl = proxyUrl;
  const noProxy = NO_PROXY.map(variableOf).find(Boolean);
  if (noProxy) settings.noProxy = noProxy;
  settings.providers = resolveProviders(options.providers ?? {}, clientsOfVariables());
  // Last: if an error were thrown after this, the function would never be released.
  if (options.databasePassword) {
    settings.databasePassword = keepDatabasePassword(options.databasePassword);
  }
  return settings;
}

/** Parses a variable that is 1 or 0. */
export function flag(variable: string, value: string): boolean {
  if (['0', 'false', 'off'].includes(value)) return false;
  if (['1', 'true', 'on'].includes(value)) return true;
  throw new ConfigurationError(`${variable}: must be 1 or 0`, { option: variable });
}
