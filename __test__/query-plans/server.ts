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

export interface ExplainingServer {
  url: string;
  /** The same, for whoever is no part of what is explained. */
  unexplainedUrl: string;
  /** Not explained itself. */
  client: pg.Client;
  /** From here on plans are written down, of connections that are opened later. */
  explain(): Promise<void>;
  /** All plans, once the connections that were explained are closed. */
  plans(): Promise<Explained[]>;
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
    explain: async () => {
      await client.query('ALTER DATABASE postgres SET auto_explain.log_min_duration = 0');
    },
    plans: async () => {
      const others = `SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
          AND backend_type = 'client backend'`;
      await until(async () => (await client.query(others)).rowCount === 0);
      // What they have written stands before this.
      const end = `the plans end here: ${Math.random()}`;
      await client.query(`DO $$ BEGIN RAISE LOG '${end}'; END $$`);
      await until(() => readFileSync(log, 'utf8').includes(end));
      return explained(readFileSync(log, 'utf8'));
    },
    stop: async () => {
      await client.end();
      await server.stop();
    },
  };
}

const HEAD = /^duration: [\d.]+ ms {2}plan:\n/;

function explained(log: string): Explained[] {
  const messages = log
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { message?: string }).message ?? '');
  return messages
    .filter((message) => HEAD.test(message))
    .map((message) => JSON.parse(message.replace(HEAD, '')) as Record<string, unknown>)
    .map((said) => ({ text: said['Query Text'] as string, plan: said['Plan'] as PlanNode }));
}
