/** The command line as a process of its own, on a database. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { TestDatabase } from './database';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Starts a command; `ended` gives its exit code and what it has printed. Of the environment it has PATH and `env`. */
export function startCli({ url }: TestDatabase, args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'], DATABASE_URL: url, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk) => (texts[name] += chunk));
  }
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...texts }));
  return { child, ended };
}
