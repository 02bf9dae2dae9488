/** The real tokenkeep, on what tokenkeep/testing gives. */

import { type TokenKeep, type TokenKeepOptions, createTokenKeep } from '../../dist/index.js';
import type { TestDatabase, TokenEndpoint } from '../../dist/testing/index.js';

/** An instance for all stores, whose providers are all the endpoint. */
export function keepFor(database: TestDatabase, endpoint: TokenEndpoint): TokenKeep {
  return createTokenKeep(optionsFor(database.url, endpoint));
}

/** What all stores need. */
export function optionsFor(databaseUrl: string, endpoint: TokenEndpoint): TokenKeepOptions {
  return {
    databaseUrl,
    gmailEncryptionKey: '11'.repeat(32),
    tokenkeepKey: '22'.repeat(32),
    encryptionSecret: '3'.repeat(32),
    googleClientId: 'client',
    googleClientSecret: 'secret',
    googleTokenUrl: endpoint.url,
    zohoTokenUrl: endpoint.url,
  };
}
