/** Why a server could not be connected to, and what to do about it. */

import type { Attempt } from './findings';

type Words = { found: string; fix: string };

/** Failures of the network. */
const NETWORK: Record<string, Words> = {
  name: {
    found: 'the host name cannot be resolved',
    fix: 'Correct the host in DATABASE_URL, or the DNS settings of this machine.',
  },
  refused: {
    found: 'nothing listens on this port',
    fix: 'Start the server, or correct the host and port in DATABASE_URL.',
  },
  timeout: {
    found: 'no answer',
    fix: 'Check the host in DATABASE_URL, and any firewall between this machine and the server.',
  },
  broken: {
    found: 'the connection was lost',
    fix: 'Check that PostgreSQL listens there, and read its log.',
  },
};

/** Answers of the server, by SQLSTATE. */
const ANSWERS: Record<string, Words> = {
  '28P01': {
    found: 'the server refuses the user or the password',
    fix: 'Correct the user and password in DATABASE_URL; write /, ?, # and @ in them as %2F, %3F, %23, %40.',
  },
  '08P01': {
    found:
      'PgBouncer refuses the connection: the password is wrong, or it does not know the user or the database',
    fix: "Correct DATABASE_URL, or the pooler's auth_file and [databases].",
  },
  '28000': {
    found: 'the server accepts no connection from here with this role, database and encryption',
    fix: 'Correct the user, add sslmode=verify-full, or add a line to pg_hba.conf on the server.',
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
    found: 'the server, the database or the role has no free connection',
    fix: 'Raise max_connections, or the CONNECTION LIMIT of the database or role, close unused connections, or use a pooler.',
  },
  '57P03': { found: 'the server is starting or stopping', fix: 'Wait, and try again.' },
};

/** Why the server at `address` could not be connected to. */
export function refusal(address: string, failure: NonNullable<Attempt['failure']>): Words {
  const { kind, sqlstate, text } = failure;
  const known = NETWORK[kind] ?? (sqlstate ? ANSWERS[sqlstate] : undefined);
  if (known) return { found: `${address}: ${known.found}`, fix: known.fix };
  if (kind === 'answer') {
    return {
      found: `${address}: the server refuses the connection (SQLSTATE ${sqlstate})`,
      fix: 'Read the log of the server, or of the pooler in front of it.',
    };
  }
  // The core's messages say what to change.
  const end = text.indexOf('. ');
  return end < 0
    ? { found: `${address}: ${text}`, fix: 'Correct DATABASE_URL.' }
    : { found: `${address}: ${text.slice(0, end)}`, fix: `${text.slice(end + 2)}.` };
}
