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
 * @property {string} [caFile] the authority of a server with TLS
 * @property {boolean} [pooled] whether a pooler without prepared statements is in between
 * @property {{ url: string, count: number }} [tenants] the role that row-level security applies to
 * @property {string} [olderCheckout] of `--against`
 */

/** `as`: the older build runs the same code. */
const peers = {
  tokenkeep: { label: 'tokenkeep, an instance' },
  'tokenkeep-gmail': { label: 'tokenkeep/gmail, reads env' },
  older: { label: 'older build, an instance', as: 'tokenkeep' },
  'older-gmail': { label: 'older build, tokenkeep/gmail', as: 'tokenkeep-gmail' },
  drizzle: { label: 'drizzle service' },
  pg: { label: 'node-postgres, named statements' },
  'postgres-js': { label: 'postgres.js, one query a call' },
  'postgres-js-batched': { label: 'postgres.js, batched' },
  'tokenkeep-tenants': { label: 'tokenkeep, tenants' },
  'older-tenants': { label: 'older build, tenants', as: 'tokenkeep-tenants' },
  'tokenkeep-integration': { label: 'tokenkeep/integration' },
};

/** The name in the result tables. @param {keyof typeof peers} name */
export const labelOf = (name) => peers[name].label;

/** The implementations with which all others are compared. */
export const subjects = ['tokenkeep', 'tokenkeep-gmail', 'tokenkeep-tenants', 'older-tenants'];
/** The older build of each. */
export const olderOf = {
  tokenkeep: 'older',
  'tokenkeep-gmail': 'older-gmail',
  'tokenkeep-tenants': 'older-tenants',
};

export const readers = [
  'tokenkeep',
  'tokenkeep-gmail',
  'older',
  'older-gmail',
  'drizzle',
  'pg',
  'postgres-js',
  'postgres-js-batched',
];
export const writers = ['tokenkeep', 'older', 'drizzle', 'pg', 'postgres-js'];
export const refreshers = ['tokenkeep', 'older', 'drizzle'];

/** The older build takes part only with `--against`. @param {string[]} names @param {Settings} settings */
export function present(names, { olderCheckout }) {
  const older = Object.values(olderOf);
  return olderCheckout ? names : names.filter((name) => !older.includes(name));
}

/**
 * @param {keyof typeof peers} name
 * @param {Settings} settings
 * @returns {Promise<Peer>}
 */
export async function openPeer(name, { olderCheckout, ...settings }) {
  const { as } = peers[name];
  const { open } = await import(new URL(`./${as ?? name}.mjs`, import.meta.url).href);
  return open({ ...settings, checkout: as && olderCheckout });
}

/** For this load, postgres.js and drizzle are faster with four connections than with ten. */
export const peerConnections = 4;
