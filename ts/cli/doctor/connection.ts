/** Checks the connection: which server answers, and what it is. */

import { type Check, ok, problem, sentence, split, unknown, warning } from './check';
import type { Attempt, Facts, Findings } from './findings';
import { statementModeCheck } from './pooler';
import { refusal } from './refusal';

const OLDEST = 13;
const NEWEST = 18;

const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
const rounded = (value: number): number => Math.round(value * 10) / 10;
const address = ({ host, port }: Attempt): string =>
  host.startsWith('/') ? `the socket in ${host}` : `${host}:${port}`;

/** The settings name no database that can be connected to. */
export function addressCheck(error: unknown): Check {
  const { found, fix } = split(error instanceof Error ? error.message : String(error));
  return problem('database.connection', found, fix);
}

/** Whether there is a connection, and to which of several servers. */
export function connectionCheck({ servers }: Findings): Check {
  const id = 'database.connection';
  const used = servers.find(({ isUsed }) => isUsed);
  const others = servers.flatMap((server) => (server === used ? [] : [missed(server)]));
  if (!used) {
    const unreached = servers.find(({ failure }) => failure);
    const found = servers.map((server) => missed(server).found).join('; ');
    const fix = unreached
      ? missed(unreached).fix
      : 'Name the primary in DATABASE_URL, or find out why there is none.';
    return problem(id, sentence(found), fix, { servers: servers.map(address) });
  }
  const facts = used.facts && 'found' in used.facts ? used.facts.found : undefined;
  const values = {
    host: used.host,
    port: used.port,
    database: facts?.database,
    role: facts?.role,
    connectMs: rounded(used.connectMs ?? 0),
    roundTripMs: facts && rounded(facts.clock.roundTripMs),
  };
  const where = facts
    ? `, database ${facts.database}, role ${facts.role}; a round trip takes ${ms(facts.clock.roundTripMs)}`
    : '';
  const found = `Connected to ${address(used)} in ${ms(used.connectMs ?? 0)}${where}`;
  const skipped = others.length
    ? `. Skipped: ${others.map(({ found: why }) => why).join('; ')}`
    : '';
  if (used.facts && 'failed' in used.facts && !used.facts.failed.includes('(statement mode)')) {
    const silent = `${found}, but it does not answer: ${sentence(used.facts.failed)}`;
    return problem(
      id,
      silent,
      'Check whether the server, or the pool of a pooler, has free connections.',
      values,
    );
  }
  const unreached = servers.find(({ failure }) => failure);
  if (unreached) return warning(id, `${found}${skipped}.`, missed(unreached).fix, values);
  return ok(id, `${found}${skipped}.`, values);
}

/** Why a server is not used, and what to do about it. */
function missed(server: Attempt): { found: string; fix: string } {
  if (server.failure) return refusal(address(server), server.failure);
  return { found: `${address(server)} accepts no writes`, fix: '' };
}

/** Checks of the server itself. */
export function serverChecks(facts: Facts): Check[] {
  return [versionCheck(facts), encodingCheck(facts), primaryCheck(facts)];
}

/** The checks of a server that accepts the connection and then answers nothing. */
export function unansweredChecks(why: string): Check[] {
  const id = 'database.version';
  return why.includes('(statement mode)')
    ? [statementModeCheck()]
    : [unknown(id, `Not checked: ${sentence(why)}`)];
}

/** Whether tokenkeep supports the version of the server. */
export function versionCheck({ version, versionNumber }: Facts): Check {
  const id = 'database.version';
  const major = Math.floor(versionNumber / 10_000);
  const values = { version, versionNumber };
  if (major < OLDEST) {
    const found = `PostgreSQL ${version} is older than ${OLDEST}, the oldest supported version.`;
    return problem(id, found, `Use PostgreSQL ${OLDEST} to ${NEWEST}.`, values);
  }
  if (major > NEWEST) {
    const found = `PostgreSQL ${version} is newer than ${NEWEST}, the newest version that tokenkeep is tested with.`;
    return warning(id, found, 'Check whether there is a newer version of tokenkeep.', values);
  }
  return ok(id, `PostgreSQL ${version}.`, values);
}

/** Whether the database can store every text. */
function encodingCheck({ encoding }: Facts): Check {
  const id = 'database.encoding';
  if (encoding === 'UTF8') return ok(id, "The database's encoding is UTF8.", { encoding });
  const found = `The database's encoding is ${encoding}, which cannot store every text: tokenkeep refuses to use it.`;
  const fix =
    "Create a database with ENCODING 'UTF8' and TEMPLATE template0, and move the tables there with pg_dump.";
  return problem(id, found, fix, { encoding });
}

/** Whether the server accepts writes. */
export function primaryCheck({ isStandby, isReadOnly }: Facts): Check {
  const id = 'database.writes';
  const values = { isStandby, isReadOnly };
  const fix =
    'Name the primary in DATABASE_URL, or all servers with target_session_attrs=read-write.';
  if (isStandby) {
    return problem(
      id,
      'The server is a standby: tokens can be neither refreshed nor stored.',
      fix,
      values,
    );
  }
  if (isReadOnly) {
    const found = 'The server accepts no writes: default_transaction_read_only is on.';
    return problem(
      id,
      found,
      'Turn it off for this role and database, or name the primary.',
      values,
    );
  }
  return ok(id, 'The server accepts writes.', values);
}
