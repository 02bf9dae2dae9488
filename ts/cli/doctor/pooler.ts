/** Checks for a pooler between this machine and the server, and its mode. */

import { type Check, ok, problem, unknown, type Values } from './check';
import type { Attempt, Checked, Pgpool, Pooler } from './findings';

const id = 'database.pooler';

export type Kind = 'none' | 'session' | 'transaction' | 'unknown';

/** Products that are recognized by their host names. */
const PRODUCTS: [isAt: (labels: string[]) => boolean, string][] = [
  // ep-name-pooler.region.aws.neon.tech
  [
    (labels) =>
      isBelow(labels, 'neon.tech') &&
      labels.slice(0, -3).some((label) => label.endsWith('-pooler')),
    'Neon’s PgBouncer',
  ],
  [(labels) => isBelow(labels, 'pooler.supabase.com'), 'Supabase’s Supavisor'],
  // name.proxy-id.region.rds.amazonaws.com
  [
    (labels) =>
      isBelow(labels, 'rds.amazonaws.com') && labels.at(-5)?.startsWith('proxy-') === true,
    'Amazon RDS Proxy',
  ],
];

function isBelow(labels: string[], domain: string): boolean {
  const above = domain.split('.');
  return labels.length > above.length && labels.slice(-above.length).join('.') === domain;
}

/** The product at a host, by its name. */
export function productOf(host: string): string | undefined {
  const labels = host.toLowerCase().split('.');
  return PRODUCTS.find(([isAt]) => isAt(labels))?.[1];
}

/** Connections that share a backend: transaction mode. A backend not started for us: session mode. */
export function kindOf(pooler: Checked<Pooler>): Kind {
  if ('failed' in pooler) return 'unknown';
  const { isShared, isMoved, isOfOtherAge, pgpool } = pooler.found;
  if (isShared || isMoved) return 'transaction';
  return isOfOtherAge || pgpool ? 'session' : 'none';
}

const WORDS: Record<'session' | 'transaction', string> = {
  session: 'keeps one server connection for each client connection (session mode)',
  transaction: 'assigns server connections for one transaction at a time (transaction mode)',
};

/** The mode, and what it was inferred from. */
export function poolerCheck({ host }: Attempt, pooler: Checked<Pooler>): Check {
  const kind = kindOf(pooler);
  const product = productOf(host);
  const values = { kind, product, ...('found' in pooler && { seen: pooler.found }) };
  if ('failed' in pooler) {
    const named = product ? ` By its host name it is ${product}.` : '';
    return unknown(id, `The pooler could not be checked: ${pooler.failed}.${named}`);
  }
  const prepared = pooler.found.preparesStatements
    ? 'Statements are prepared once per connection.'
    : 'Statements are not prepared.';
  if (pooler.found.pgpool) return pgpoolCheck(pooler.found.pgpool, prepared, values);
  if (kind === 'none' || kind === 'unknown') {
    const named = product ? `, though by its host name it is ${product}` : '';
    const found = `No pooler was detected: each of two connections kept a server process that was started for it${named}. ${prepared}`;
    return ok(id, found, values);
  }
  const { isShared, isMoved } = pooler.found;
  const from = isShared
    ? 'two connections used one server process, one after the other'
    : isMoved
      ? 'a connection was moved to another server process'
      : 'the server process was not started for this connection';
  const found = `${product ?? 'A pooler'} ${WORDS[kind]}: ${from}. ${
    kind === 'session'
      ? 'Each process of the application occupies up to maxConnections of its connections; in transaction mode it needs few.'
      : 'It needs no settings.'
  } ${prepared}`;
  return ok(id, found, values);
}

/** Pgpool-II, and whether it sends tokenkeep's statements to the primary only. */
function pgpoolCheck(pgpool: Pgpool, prepared: string, values: Values): Check {
  const { version, balances, ignoresComments, primaryPatterns } = pgpool;
  const name = `Pgpool-II ${version} ${WORDS.session}`;
  const limit =
    'It accepts num_init_children connections at a time; each process opens up to maxConnections.';
  if (!balances) return ok(id, `${name}. ${limit} ${prepared}`, values);
  if (ignoresComments && !primaryPatterns.includes('NO LOAD BALANCE')) {
    return problem(
      id,
      `${name}, and sends SELECTs to standbys (load_balance_mode), even those with the comment /*NO LOAD BALANCE*/ (allow_sql_comments): tokenkeep reads outdated tokens there, and does not find those of tenants.`,
      "Set in pgpool.conf: allow_sql_comments = off, or primary_routing_query_pattern_list = '.*NO LOAD BALANCE.*', or load_balance_mode = off.",
      values,
    );
  }
  const found = `${name}. It sends SELECTs to standbys (load_balance_mode), but not those of tokenkeep, which are marked /*NO LOAD BALANCE*/. ${limit} ${prepared}`;
  return ok(id, found, values);
}

/** A pooler without transactions: tokenkeep writes in transactions only. */
export function statementModeCheck(): Check {
  return problem(
    id,
    'A pooler accepts no transactions (statement mode): tokens can be neither refreshed nor stored.',
    'Set pool_mode = transaction there for this database, or connect to the server directly.',
    { kind: 'statement' },
  );
}
