/** What is worth a word about a connection string, once in a process. */

/** Parameters that mean something here. */
const KNOWN = new Set([
  'application_name',
  'channel_binding',
  'dbname',
  'host',
  'options',
  'password',
  'port',
  'schema',
  'ssl',
  'sslcert',
  'sslkey',
  'sslmode',
  'sslnegotiation',
  'sslrootcert',
  'target_session_attrs',
  'user',
]);

/** Parameters of node-postgres, libpq, Prisma and Neon about what is no matter of ours. */
const OF_OTHERS = new Set([
  'binary',
  'client_encoding',
  'connect_timeout',
  'connection_limit',
  'encoding',
  'fallback_application_name',
  'gssencmode',
  'idle_in_transaction_session_timeout',
  'keepalives',
  'keepalives_count',
  'keepalives_idle',
  'keepalives_interval',
  'lock_timeout',
  'max',
  'pgbouncer',
  'pool_timeout',
  'query_timeout',
  'socket_timeout',
  'statement_cache_size',
  'statement_timeout',
  'tcp_user_timeout',
  'uselibpqcompat',
]);

const UNCHECKED = new Set(['ssl=no-verify', 'sslmode=no-verify']);
const told = new Set<string>();

/** Warns of what is not safe, and of parameters that nobody knows. */
export function warnOf(url: string): void {
  const parameters = parametersOf(url);
  if (parameters.some((parameter) => UNCHECKED.has(parameter))) {
    warn(
      'sslmode=no-verify: whoever stands between this process and the database can read and change everything',
    );
  }
  for (const parameter of parameters) {
    const name = /^[a-z_]+(?==)/.exec(parameter)?.[0];
    if (name && !KNOWN.has(name) && !OF_OTHERS.has(name)) {
      warn(`DATABASE_URL: the parameter ${name} is not known here, and left out`);
    }
  }
}

/** The parameters of a URL's query, as they are written. */
export function parametersOf(url: string): string[] {
  const begins = url.indexOf('?');
  return begins < 0 ? [] : url.slice(begins + 1).split('&');
}

function warn(text: string): void {
  if (told.has(text)) return;
  told.add(text);
  process.emitWarning(text, 'TokenkeepWarning');
}
