import { createOldGmailService } from '../../support/old-gmail/index.mjs';
import { peerConnections } from './index.mjs';

/**
 * The service of seed 000: drizzle on node-postgres, Node's crypto, a lock column, and 2 seconds
 * of sleep for whoever does not get the lock.
 *
 * @param {import('./index.mjs').Settings} settings
 */
export function open({ databaseUrl, encryptionKey, tokenUrl }) {
  const credentials = { clientId: 'bench', clientSecret: 'bench' };
  const service = createOldGmailService({ databaseUrl, encryptionKey, tokenUrl, ...credentials });
  service.pool.options.max = peerConnections;
  return service;
}
