/** Why a server was not reached, in words. */

import type { Attempt } from './findings';

type Words = { found: string; fix: string };

/** By what the network had against it. */
const NETWORK: Record<string, Words> = {
  name: {
    found: 'the name is not known here',
    fix: 'Correct the host in DATABASE_URL, or the name service of this machine.',
  },
  refused: {
    found: 'nobody listens there',
    fix: 'Start the server, or correct host and port in DATABASE_URL.',
  },
  timeout: {
    found: 'nobody answers',
    fix: 'Look for a firewall between this machine and the server, and at the host in DATABASE_URL.',
  },
  broken: {
    found: 'the connection broke',
    fix: 'See whether PostgreSQL listens there, and what its log says.',
  },
};

/** By the SQLSTATE of the server's own no. */
const ANSWERS: Record<string, Words> = {
  '28P01': {
    found: 'the server refuses the user or the password',
    fix: 'Correct user and password in DATABASE_URL; write /, ?, # and @ in them as %2F, %3F, %23, %40.',
  },
  '08P01': {
    found:
      'PgBouncer lets nobody in like that: the password is wrong, or it does not know the user or the database',
    fix: "Correct DATABASE_URL, or the pooler's auth_file and [databases].",
  },
  '28000': {
    found: 'the server lets nobody in from here with this role, database and encryption',
    fix: 'Correct the user, add sslmode=verify-full, or a line of pg_hba.conf on the server.',
  },
  '3D000': {
    found: 'the database does not exist',
    fix: 'Correct its name in DATABASE_URL, or create it.',
  },
  '42501': {
    found: 'the role may not connect to the database',
    fix: 'On the server: GRANT CONNECT ON DATABASE … TO the role.',
  },
  '53300': {
    found: 'the server, the database or the role has no connection left',
    fix: 'Raise max_connections, or the CONNECTION LIMIT of database or role, close what nobody uses, or put a pooler in front.',
  },
  '57P03': { found: 'the server is starting or stopping', fix: 'Wait, and try again.' },
};

/** What is in the way to the server at `address`. */
export function refusal(address: string, failure: NonNullable<Attempt['failure']>): Words {
  const { kind, sqlstate, text } = failure;
  const known = NETWORK[kind] ?? (sqlstate ? ANSWERS[sqlstate] : undefined);
  if (known) return { found: `${address}: ${known.found}`, fix: known.fix };
  if (kind === 'answer') {
    return {
      found: `${address}: the server refuses the connection (SQLSTATE ${sqlstate})`,
      fix: 'See the log of the server, or of the pooler in front of it.',
    };
  }
  // The core's own sentences say what to change.
  const end = text.indexOf('. ');
  return end < 0
    ? { found: `${address}: ${text}`, fix: 'Correct DATABASE_URL.' }
    : { found: `${address}: ${text.slice(0, end)}`, fix: `${text.slice(end + 2)}.` };
}
