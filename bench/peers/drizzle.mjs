import { createOldGmailService } from '../../support/old-gmail/index.mjs';
import { urlOf } from './connection.mjs';
import { peerConnections } from './index.mjs';

/**
 * The hand-written service of `support/old-gmail`: drizzle on node-postgres, Node's crypto, a lock column, and
 * a pause of 2 seconds for callers that do not get the lock.
 *
 * @param {import('./index.mjs').Settings} settings
 */
export function open({ encryptionKey, tokenUrl, ...settings }) {
  const service = createOldGmailService({
    databaseUrl: urlOf(settings),
    encryptionKey,
    tokenUrl,
    clientId: 'bench',
    clientSecret: 'bench',
  });
  service.pool.options.max = peerConnections;
  return service;
}
