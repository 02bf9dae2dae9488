/** One PostgreSQL server for the whole run; each file makes databases of its own on it. */

import type { TestProject } from 'vitest/node';
import { openDatabase } from '../../support/postgres.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    databaseUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await openDatabase();
  project.provide('databaseUrl', server.url);
  return () => server.stop();
}
