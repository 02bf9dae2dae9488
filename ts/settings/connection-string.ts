/** Warnings about a connection string, each once per process. */

import type * as Native from '../bridge/native';

const emitted = new Set<string>();

/**
 * Warns of unsafe and unknown parameters. Prints nothing of a string that the core rejects: what looks like
 * a parameter may be a part of the password.
 */
export function warnOf(url: string, tlsVariables: Record<string, string>): void {
  // Loaded here only: the doctor reads settings before it checks whether the addon loads.
  const { native } = require('../bridge/native') as typeof Native;
  const { unknownParameters, isUnchecked } = native.databaseUrlWarnings(url, tlsVariables);
  if (isUnchecked) {
    warn(
      "sslmode=no-verify: the server's certificate is not checked, so an attacker in the network can read and change everything",
    );
  }
  for (const name of unknownParameters) {
    warn(`DATABASE_URL: the unknown parameter ${name} is ignored`);
  }
}

function warn(text: string): void {
  if (emitted.has(text)) return;
  emitted.add(text);
  process.emitWarning(text, 'TokenkeepWarning');
}
