import { createTokenKeep } from 'tokenkeep';

import { createOldVaultService } from '../../support/old-vault/index.mjs';
import { peerConnections } from './index.mjs';

/** What each implementation of the vault is, in the words of the tables. */
export const vaultLabels = { tokenkeep: 'tokenkeep, an instance', drizzle: 'drizzle service' };

const vaults = {
  tokenkeep({ databaseUrl, secret }) {
    const keep = createTokenKeep({ databaseUrl, encryptionSecret: secret });
    return { vault: keep.vault, close: () => keep.close() };
  },
  /** The service of seed 002: it looks, updates or inserts, and derives a key for each value. */
  drizzle({ databaseUrl, secret }) {
    const { pool, service, close } = createOldVaultService({ databaseUrl, secret });
    pool.options.max = peerConnections;
    return { vault: service, close };
  },
};

/** @param {keyof typeof vaultLabels} name @param {{ databaseUrl: string, secret: string }} settings */
export function openVault(name, settings) {
  return vaults[name](settings);
}
