/** One PostgreSQL server for all test files. */

import { startTestDatabase } from 'tokenkeep/testing';

/** @param {import('vitest/node').TestProject} project */
export default async function setup(project) {
  const database = await startTestDatabase({ stores: ['integration'] });
  project.provide('databaseUrl', database.url);
  return () => database.stop();
}
