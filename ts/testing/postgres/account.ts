/** The operating system account of the server. */

import { execFileSync } from 'node:child_process';
import { ConfigurationError } from '../../errors/errors';

/** An operating system account. */
export interface Account {
  uid: number;
  gid: number;
}

/**
 * The account to run the server as: PostgreSQL refuses to run as root, so root uses `nobody`. (initdb needs an
 * account with a name.) `undefined`: the account of this process.
 */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  try {
    const id = (flag: string): number =>
      Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
    return { uid: id('-u'), gid: id('-g') };
  } catch (cause) {
    throw new ConfigurationError(
      'PostgreSQL cannot run as root, and this system has no user "nobody". Use a PostgreSQL server of your own (option server)',
      { cause },
    );
  }
}

/**
 * Spawn options to run a child process as this account. On macOS, the ID of nobody is 4294967294, which spawn
 * accepts only as -2.
 */
export function runAs(account: Account | undefined): { uid?: number; gid?: number } {
  return account ? { uid: account.uid | 0, gid: account.gid | 0 } : {};
}
