/** Settings: options, and environment variables for those that are absent. */

import type { InstanceOptions } from '../../index';
import { keepDatabasePassword } from '../bridge/database-password';
import { ConfigurationError, InvalidArgumentError } from '../errors/errors';
import { optionalTexts } from '../input/arguments';
import { withoutPrototype, env, variableOf } from '../input/fields';
import { warnOf } from './connection-string';
import type { TokenKeepOptions } from './options';
import { checkProviders, isPositiveInteger, resolveProviders, tokenUrlVariable } from './providers';

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

const variables = Object.keys(VARIABLES) as (keyof typeof VARIABLES)[];
const texts = Object.entries(TEXTS) as [keyof typeof TEXTS, string | undefined][];
const flags = Object.entries(FLAGS) as [keyof typeof FLAGS, string | undefined][];

type Name = keyof TokenKeepOptions;

/** The option that is an array of strings; its variable separates them by commas. */
const LIST = 'zohoAccountsServers';

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
      throw new InvalidArgumentError(`${name}: unknown option`, { argument: name });
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

/** The current value of a string option or of its variable; `undefined` if both are empty or absent. */
export function textOption(
  options: TokenKeepOptions,
  name: Exclude<keyof typeof TEXTS, typeof LIST>,
): string | undefined {
  const variable = TEXTS[name];
  return (options[name] ?? (variable && env[variable])) || undefined;
}

/**
 * The current values of all options and variables that may change; when one has changed, a new native
 * instance is created. Order: texts, flags, token URLs, libpq's variables, other variables.
 */
export function readSettings(options: TokenKeepOptions): (string | undefined)[] {
  const values: (string | undefined)[] = [];
  for (const [name, variable] of texts) {
    const given = name === LIST ? options[name]?.join() : options[name];
    values.push(given ?? (variable && variableOf(variable)));
  }
  for (const [name, variable] of flags)
    values.push(options[name]?.toString() ?? (variable && variableOf(variable)));
  for (const name of Object.keys(options.providers ?? {}))
    values.push(variableOf(tokenUrlVariable(name)));
  values[0] ||= variableOf('PGHOST') && 'postgres://';
  values.push(...readLibpqVariables());
  for (const variable of Object.values(VARIABLES)) values.push(variableOf(variable));
  return values;
}

/**
 * libpq's variables. Reading a variable costs as much as a tenth of a call, so all calls before the next
 * microtask share one reading.
 */
function readLibpqVariables(): readonly (string | undefined)[] {
  if (!libpqCache) {
    libpqCache = LIBPQ_VARIABLES.map(variableOf);
    void Promise.resolve().then(() => (libpqCache = undefined));
  }
  return libpqCache;
}

let libpqCache: readonly (string | undefined)[] | undefined;

/** The settings for the core, from options and the values of {@link readSettings}. */
export function resolveSettings(
  options: TokenKeepOptions,
  values: (string | undefined)[],
): InstanceOptions {
  const settings: InstanceOptions = withoutPrototype({});
  texts.forEach(([name], index) => {
    const text = values[index];
    if (text) settings[name] = text;
  });
  flags.forEach(([name, variable], index) => {
    const text = values[texts.length + index];
    if (text) settings[name] = flag(variable ?? name, text);
  });
  for (const name of NUMBERS) {
    if (options[name] !== undefined) settings[name] = options[name];
  }
  variables.forEach((name, index) => {
    const text = values[values.length - variables.length + index];
    if (text) settings[name] = text;
  });
  const tlsVariables: Record<string, string> = withoutPrototype({});
  LIBPQ_VARIABLES.forEach((name, index) => {
    const text = values[values.length - variables.length - LIBPQ_VARIABLES.length + index];
    if (text) tlsVariables[name] = text;
  });
  settings.tlsVariables = tlsVariables;
  if (settings.databaseUrl) warnOf(settings.databaseUrl, tlsVariables);
  if (options.fetch) settings.hasFetch = true;
  if (options.providers) settings.providers = resolveProviders(options.providers);
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
