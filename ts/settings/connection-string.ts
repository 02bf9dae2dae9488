/** What is worth a word about a connection string, once in a process. */

import type * as Native from '../bridge/native';

const told = new Set<string>();

/**
 * Warns of what is not safe, and of parameters that nobody knows. The core reads the string: of one that it
 * refuses nothing is printed, since what looks like a parameter may be a piece of a password.
 */
export function warnOf(url: string, tlsVariables: Record<string, string>): void {
  // Loaded only here: settings are also read by what has to say that the addon does not load.
  const { native } = require('../bridge/native') as typeof Native;
  const { unknownParameters, isUnchecked } = native.databaseRemarks(url, tlsVariables);
  if (isUnchecked) {
    warn(
      'sslmode=no-verify: whoever stands between this process and the database can read and change everything',
    );
  }
  for (const name of unknownParameters) {
    warn(`DATABASE_URL: the parameter ${name} is not known here, and left out`);
  }
}

function warn(text: string): void {
  if (told.has(text)) return;
  told.add(text);
  process.emitWarning(text, 'TokenkeepWarning');
}
