/** A statement in the middle of a synchronous callback: nothing else of this process goes on meanwhile. */

import { execFileSync } from 'node:child_process';

const PROGRAM = `
  const client = new (require('pg').Client)(process.env.URL);
  client.connect().then(() => client.query(process.env.SQL)).then(() => client.end());`;

/** Runs it, and returns when it is done. */
export function runNow(url: string, sql: string): void {
  const env = { PATH: process.env['PATH'], URL: url, SQL: sql };
  execFileSync(process.execPath, ['-e', PROGRAM], { env, cwd: import.meta.dirname });
}
