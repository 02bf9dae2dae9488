/** Where settings come from: explicit options win, what is missing is read from `process.env`. */

import type { KeepOptions } from '../index';
import { ConfigurationError, InvalidArgumentError } from './errors';
import type { TokenkeepEvent } from './events';

/** What an instance can be told. Everything but `onEvent` and numbers has a variable, too. */
export interface TokenKeepOptions {
  /** `DATABASE_URL`, else made of `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`, `PGDATABASE`. */
  databaseUrl?: string;
  /** The schema of the tables, where the role's `search_path` does not find them. */
  schema?: string;
  /** Connections of the pool: 6. */
  maxConnections?: number;
  /** How long connecting may take: 5,000. */
  connectTimeoutMs?: number;
  /** How long a call waits for a connection of the pool: 5,000. */
  poolWaitMs?: number;
  /** `GMAIL_ENCRYPTION_KEY`: 64 hex characters, or `version:hex` several times, with commas. */
  gmailEncryptionKey?: string;
  /** `GOOGLE_CLIENT_ID`. */
  googleClientId?: string;
  /** `GOOGLE_CLIENT_SECRET`. */
  googleClientSecret?: string;
  /** `TOKENKEEP_GOOGLE_TOKEN_URL`: in the place of Google's own, for tests and proxies. */
  googleTokenUrl?: string;
  /** `TOKENKEEP_MIXED_FLEET=1`: old TypeScript instances work on the same table. */
  mixedFleet?: boolean;
  /** How long a call waits for a refresh before it gets a usable token or an error: 20,000. */
  waitMs?: number;
  /** While somebody else refreshes, take a token with over a minute left at once: false. */
  usableAtOnce?: boolean;
  /** Threads of the native runtime, decided by the first instance of a process: 1. */
  threads?: number;
  /** All limits of the refresh protocol divided by this: 1. For tests only. */
  limitsDivisor?: number;
  /** Told of every event; must not throw. */
  onEvent?: (event: TokenkeepEvent) => void;
}

const TEXTS = {
  databaseUrl: 'DATABASE_URL',
  schema: undefined,
  gmailEncryptionKey: 'GMAIL_ENCRYPTION_KEY',
  googleClientId: 'GOOGLE_CLIENT_ID',
  googleClientSecret: 'GOOGLE_CLIENT_SECRET',
  googleTokenUrl: 'TOKENKEEP_GOOGLE_TOKEN_URL',
} as const;
const NUMBERS = [
  'maxConnections',
  'connectTimeoutMs',
  'poolWaitMs',
  'waitMs',
  'threads',
  'limitsDivisor',
] as const;
const FLAGS = ['mixedFleet', 'usableAtOnce'] as const;

type Name = keyof TokenKeepOptions;

/** Refuses what is no option, or not of its type. */
export function checkOptions(options: TokenKeepOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const wanted = typeOf(name as Name);
    if (wanted === undefined) {
      throw new InvalidArgumentError(`${name}: is no option`, { argument: name });
    }
    const whole = wanted !== 'number' || (Number.isSafeInteger(value) && value > 0);
    if (typeof value !== wanted || !whole || (wanted === 'number' && value > 0xffffffff)) {
      const what = wanted === 'number' ? 'whole number above 0' : wanted;
      throw new InvalidArgumentError(`${name}: must be a ${what}`, { argument: name });
    }
  }
}

function typeOf(name: Name): string | undefined {
  if (Object.hasOwn(TEXTS, name)) return 'string';
  if ((NUMBERS as readonly string[]).includes(name)) return 'number';
  if ((FLAGS as readonly string[]).includes(name)) return 'boolean';
  return name === 'onEvent' ? 'function' : undefined;
}

/** The variables in the order of {@link resolve}; what changed among them makes a new instance. */
export function readVariables(options: TokenKeepOptions): (string | undefined)[] {
  const env = process.env;
  const databaseUrl = options.databaseUrl ?? env['DATABASE_URL'];
  return [
    databaseUrl || urlOfParts(env),
    options.gmailEncryptionKey ?? env['GMAIL_ENCRYPTION_KEY'],
    options.googleClientId ?? env['GOOGLE_CLIENT_ID'],
    options.googleClientSecret ?? env['GOOGLE_CLIENT_SECRET'],
    options.googleTokenUrl ?? env['TOKENKEEP_GOOGLE_TOKEN_URL'],
    options.mixedFleet === undefined ? env['TOKENKEEP_MIXED_FLEET'] : String(options.mixedFleet),
  ];
}

/** The settings that the core is given. */
export function resolve(options: TokenKeepOptions, variables: (string | undefined)[]): KeepOptions {
  const [databaseUrl, gmailEncryptionKey, googleClientId, googleClientSecret, googleTokenUrl] =
    variables;
  const settings: KeepOptions = { mixedFleet: flag('TOKENKEEP_MIXED_FLEET', variables[5]) };
  const texts = {
    databaseUrl,
    schema: options.schema,
    gmailEncryptionKey,
    googleClientId,
    googleClientSecret,
    googleTokenUrl,
  };
  for (const [name, value] of Object.entries(texts)) {
    if (value) settings[name as keyof typeof texts] = value;
  }
  for (const name of NUMBERS) {
    if (options[name] !== undefined) settings[name] = options[name];
  }
  if (options.usableAtOnce !== undefined) settings.usableAtOnce = options.usableAtOnce;
  return settings;
}

function flag(variable: string, value: string | undefined): boolean {
  if (!value || ['0', 'false', 'off'].includes(value)) return false;
  if (['1', 'true', 'on'].includes(value)) return true;
  throw new ConfigurationError(`${variable}: must be 1 or 0`);
}

/** A URL made of libpq's variables, when they name a host. */
function urlOfParts(env: NodeJS.ProcessEnv): string | undefined {
  const host = env['PGHOST'];
  if (!host) return undefined;
  const part = (name: string): string => encodeURIComponent(env[name] ?? '');
  const user = part('PGUSER');
  const login = env['PGPASSWORD'] ? `${user}:${part('PGPASSWORD')}` : user;
  const mode = env['PGSSLMODE'] ? `&sslmode=${part('PGSSLMODE')}` : '';
  const at = `host=${encodeURIComponent(host)}&port=${part('PGPORT') || '5432'}`;
  return `postgres://${login ? `${login}@` : ''}/${part('PGDATABASE') || user}?${at}${mode}`;
}
