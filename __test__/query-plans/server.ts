/** A PostgreSQL server that writes down the plan of each statement that it runs (auto_explain). */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres } from '../../support/postgres.mjs';
import { until } from '../helpers/promises';
import type { PlanNode } from './scans';

/** What one statement did. */
export interface Explained {
  text: string;
  plan: PlanNode;
}

/** What tokenkeep had the server do. */
export interface Seen {
  plans: Explained[];
  /** The texts of all statements, also those that have no plan, each once. */
  statements: string[];
  /** The texts of those that were prepared. */
  prepared: Set<string>;
}

export interface ExplainingServer {
  url: string;
  /** The same, for whoever is no part of what is explained. */
  unexplainedUrl: string;
  /** Not explained itself. */
  client: pg.Client;
  /** Makes another database, whose plans are not written down; gives its URL. */
  createDatabase(name: string): Promise<string>;
  /** From here on plans are written down, of connections that are opened later. */
  explain(): Promise<void>;
  /** Plans any value for the parameters, as the server may do for what is prepared. */
  planGenerically(): Promise<void>;
  /** What the server has written down, once the connections that were explained are closed. */
  seen(): Promise<Seen>;
  stop(): Promise<void>;
}

/** One of our own also where `DATABASE_URL` names another: it takes settings that need a restart. */
export async function startExplainingServer(): Promise<ExplainingServer> {
  const server = await startPostgres({
    settings: {
      session_preload_libraries: 'auto_explain',
      'auto_explain.log_format': 'json',
      'auto_explain.log_nested_statements': true,
      'auto_explain.log_parameter_max_length': 0,
      log_statement: 'all',
      logging_collector: true,
      log_destination: 'jsonlog',
      log_filename: 'plans',
    },
  });
  const log = join(server.dataDirectory!, 'log/plans.json');
  const client = new pg.Client(server.url);
  await client.connect();
  return {
    url: server.url,
    unexplainedUrl: `${server.url}?options=-c%20auto_explain.log_min_duration%3D-1`,
    client,
    createDatabase: server.createDatabase,
    explain: async () => {
      await client.query('ALTER DATABASE postgres SET auto_explain.log_min_duration = 0');
    },
    planGenerically: async () => {
      await client.query('ALTER DATABASE postgres SET plan_cache_mode = force_generic_plan');
    },
    seen: async () => {
      const others = `SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
          AND backend_type = 'client backend'`;
      await until(async () => (await client.query(others)).rowCount === 0);
      // What they have written stands before this.
      const end = `the plans end here: ${Math.random()}`;
      await client.query(`DO $$ BEGIN RAISE LOG '${end}'; END $$`);
      await until(() => readFileSync(log, 'utf8').includes(end));
      return seenIn(readFileSync(log, 'utf8'));
    },
    stop: async () => {
      await client.end();
      await server.stop();
    },
  };
}

/** What stands before a plan, and before the text of a statement. */
const PLAN = /^duration: [\d.]+ ms {2}plan:\n/;
const STATEMENT = /^(?:statement|execute [^:]+): /;
const PREPARED = /^execute s\d+: /;

function seenIn(log: string): Seen {
  const messages = log
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { application_name?: string; message?: string })
    .filter(({ application_name: name }) => name === 'tokenkeep')
    .map(({ message = '' }) => message);
  const plans = messages
    .filter((message) => PLAN.test(message))
    .map((message) => JSON.parse(message.replace(PLAN, '')) as Record<string, unknown>)
    .map((said) => ({ text: said['Query Text'] as string, plan: said['Plan'] as PlanNode }));
  const statements = messages
    .filter((message) => STATEMENT.test(message))
    .map((message) => message.replace(STATEMENT, ''));
  const prepared = messages
    .filter((message) => PREPARED.test(message))
    .map((message) => message.replace(PREPARED, ''));
  return { plans, statements: [...new Set(statements)], prepared: new Set(prepared) };
}
