/** The tasks of a process of the Effect benchmark. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { installWithEffect } from '../../support/installed.mjs';
import { load } from './load.mjs';

const MODULES = { v3: 'tokenkeep/effect3', v4: 'tokenkeep/effect' };
const reads = join(import.meta.dirname, '../effect/reads.mjs');

/**
 * The CPU time of a call in microseconds, for each kind of read and each round.
 *
 * @param {{ version: 'v3' | 'v4', settings: import('../peers/index.mjs').Settings, users: string[],
 *   rounds: number, size: Parameters<typeof load>[1] }} argument
 */
export async function effect({ version, settings, users, rounds, size }) {
  process.env.DATABASE_URL = settings.databaseUrl;
  process.env.TOKENKEEP_KEY = settings.encryptionKey;
  const installed = installWithEffect(version);
  try {
    const { openReads } = await import(pathToFileURL(installed.copy(reads)).href);
    const { close, ...ways } = await openReads(MODULES[version]);
    const names = Object.keys(ways);
    const micros = Object.fromEntries(names.map((name) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const name of round % 2 ? names.toReversed() : names) {
        const someone = () => users[Math.floor(Math.random() * users.length)];
        const { cpuMsPer1k } = await load(() => ways[name](someone()), size);
        micros[name].push(cpuMsPer1k);
      }
    }
    await close();
    return micros;
  } finally {
    installed.remove();
  }
}
