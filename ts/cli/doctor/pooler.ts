/** Whether a pooler stands in between, and of what kind. */

import { type Check, ok, problem, unknown, type Values } from './check';
import type { Attempt, Checked, Pgpool, Pooler } from './findings';

const id = 'database.pooler';

export type Kind = 'none' | 'session' | 'transaction' | 'unknown';

/** Products that are known by the names of their hosts. */
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

/** What stands at this host, by its name. */
export function productOf(host: string): string | undefined {
  const labels = host.toLowerCase().split('.');
  return PRODUCTS.find(([isAt]) => isAt(labels))?.[1];
}

/** Backends that are shared are a transaction's; one that is merely not ours is a session's. */
export function kindOf(pooler: Checked<Pooler>): Kind {
  if ('failed' in pooler) return 'unknown';
  const { isShared, isMoved, isOfOtherAge, pgpool } = pooler.found;
  if (isShared || isMoved) return 'transaction';
  return isOfOtherAge || pgpool ? 'session' : 'none';
}

const WORDS: Record<'session' | 'transaction', string> = {
  session: 'lends a backend to a connection for as long as that lasts (session mode)',
  transaction: 'lends a backend for a transaction at a time (transaction mode)',
};

/** What was inferred, and from what. */
export function poolerCheck({ host }: Attempt, pooler: Checked<Pooler>): Check {
  const kind = kindOf(pooler);
  const product = productOf(host);
  const values = { kind, product, ...('found' in pooler && { seen: pooler.found }) };
  if ('failed' in pooler) {
    const named = product ? ` By its name the host is ${product}.` : '';
    return unknown(id, `It could not be told: ${pooler.failed}.${named}`);
  }
  if (pooler.found.pgpool) return pgpoolCheck(pooler.found.pgpool, values);
  if (kind === 'none' || kind === 'unknown') {
    const named = product ? `, though by its name the host is ${product}` : '';
    const found = `No pooler was seen: each of two connections kept a backend that was started for it${named}.`;
    return ok(id, found, values);
  }
  const { isShared, isMoved } = pooler.found;
  const from = isShared
    ? 'two connections had one backend, one after the other'
    : isMoved
      ? 'a connection was moved to another backend'
      : 'the backend was not started when we connected';
  const found = `${product ?? 'A pooler'} ${WORDS[kind]}: ${from}. ${
    kind === 'session'
      ? 'Each process keeps up to maxConnections of its connections to itself: in transaction mode it needs few.'
      : 'Nothing has to be set for it.'
  }`;
  return ok(id, found, values);
}

/** Pgpool-II, and whether it keeps what is for the primary from standbys. */
function pgpoolCheck(pgpool: Pgpool, values: Values): Check {
  const { version, balances, ignoresComments, primaryPatterns } = pgpool;
  const name = `Pgpool-II ${version} ${WORDS.session}`;
  const lends =
    'It serves as many connections at a time as its num_init_children: each process has up to maxConnections.';
  if (!balances) return ok(id, `${name}. ${lends}`, values);
  if (ignoresComments && !primaryPatterns.includes('NO LOAD BALANCE')) {
    return problem(
      id,
      `${name}, and sends SELECTs to standbys (load_balance_mode), also those with the comment /*NO LOAD BALANCE*/ (allow_sql_comments): tokens that are out of date are read there, and a tenant’s are not found.`,
      "Set allow_sql_comments = off there, or primary_routing_query_pattern_list = '.*NO LOAD BALANCE.*', or load_balance_mode = off.",
      values,
    );
  }
  const found = `${name}. It sends SELECTs to standbys (load_balance_mode), but none of tokenkeep’s: they say that they are for the primary. ${lends}`;
  return ok(id, found, values);
}

/** A pooler that takes no transactions: everything that tokenkeep writes is one. */
export function statementModeCheck(): Check {
  return problem(
    id,
    'A pooler takes no transactions (statement mode): no token can be refreshed or stored.',
    'Set pool_mode = transaction there for this database, or connect to the server itself.',
    { kind: 'statement' },
  );
}
