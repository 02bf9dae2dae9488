/** Who runs the server. */

import { execFileSync } from 'node:child_process';
import { ConfigurationError } from '../../errors/errors';

/** An account of the system. */
export interface Account {
  uid: number;
  gid: number;
}

/**
 * PostgreSQL refuses to run as root, so root hands it to `nobody`. (initdb wants an account that the
 * system knows by name: an unused number would not do.) `undefined`: run it as ourselves.
 */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  try {
    const id = (flag: string): number =>
      Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
    return { uid: id('-u'), gid: id('-g') };
  } catch (cause) {
    throw new ConfigurationError(
      'PostgreSQL does not run as root, and there is no user "nobody" here to run it. Use a PostgreSQL server of your own instead (option server)',
      { cause },
    );
  }
}

/**
 * Spawn options that make a child run as this account. macOS has nobody at 4294967294, which spawn
 * only takes as -2.
 */
export function runAs(account: Account | undefined): { uid?: number; gid?: number } {
  return account ? { uid: account.uid | 0, gid: account.gid | 0 } : {};
}
