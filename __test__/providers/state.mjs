import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for what one run of a server keeps. @returns {Promise<{ folder: string, remove: () => Promise<void> }>} */
export async function newState() {
  const folder = await mkdtemp(join(tmpdir(), 'tokenkeep-providers-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
