/** With `NEXT_MANUAL_SIG_HANDLE` these signals are ours: Next itself would not wait for tokenkeep. */

import { close } from 'tokenkeep';

async function shutDown(): Promise<void> {
  // A refresh that was sent is stored before the process ends.
  await close({ timeoutMs: 25_000 });
  process.exit(0);
}

process.once('SIGTERM', shutDown);
process.once('SIGINT', shutDown);
