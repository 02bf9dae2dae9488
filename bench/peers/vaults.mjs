import { createTokenKeep } from 'tokenkeep';

import { createOldVaultService } from '../../support/old-vault/index.mjs';
import { peerConnections } from './index.mjs';

/** The names of the vault implementations in the result tables. */
export const vaultLabels = { tokenkeep: 'tokenkeep, an instance', drizzle: 'drizzle service' };

const vaults = {
  tokenkeep({ databaseUrl, secret }) {
    const keep = createTokenKeep({ databaseUrl, encryptionSecret: secret });
    return { vault: keep.vault, close: () => keep.close() };
  },
  /** The hand-written service of `support/old-vault`: SELECT, then UPDATE or INSERT, and one key derivation per value. */
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
