import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** This checkout. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Imports entries of tokenkeep, such as `tokenkeep/gmail`, from a checkout with an addon of its own.
 *
 * @param {string} [checkout] by default this one
 * @returns {(entry: string) => any}
 */
export function libraryOf(checkout = root) {
  // A package finds itself by its name.
  return createRequire(join(checkout, 'package.json'));
}
