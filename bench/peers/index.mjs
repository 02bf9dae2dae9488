/**
 * An implementation of the gmail store for benchmarks. Each runs in its own process.
 *
 * @typedef {object} Peer
 * @property {(userId: string) => Promise<{ userId?: string, accessToken: string, expiresAt: Date }>}
 *   getValidGmailToken
 * @property {(params: object) => Promise<void>} [upsertGmailTokens]
 * @property {(userId: string) => Promise<void>} [deleteGmailTokens]
 * @property {() => Promise<unknown>} close
 *
 * @typedef {object} Settings
 * @property {string} databaseUrl
 * @property {string} encryptionKey
 * @property {string} [tokenUrl] of the token endpoint
 */

/** The names in the result tables. */
export const labels = {
  tokenkeep: 'tokenkeep, an instance',
  'tokenkeep-gmail': 'tokenkeep/gmail, reads env',
  drizzle: 'drizzle service',
  'postgres-js': 'postgres.js, one query a call',
  'postgres-js-batched': 'postgres.js, batched',
};

export const readers = Object.keys(labels);
export const writers = ['tokenkeep', 'drizzle', 'postgres-js'];
export const refreshers = ['tokenkeep', 'drizzle'];

/**
 * @param {keyof typeof labels} name
 * @param {Settings} settings
 * @returns {Promise<Peer>}
 */
export async function openPeer(name, settings) {
  const { open } = await import(`./${name}.mjs`);
  return open(settings);
}

/** For this load, postgres.js and drizzle are faster with four connections than with ten. */
export const peerConnections = 4;
