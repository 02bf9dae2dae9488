import { createTokenKeep } from 'tokenkeep';

/** The provider of the rows; without an endpoint, nothing listens on its URL. */
export const provider = 'bench';

/** The integration store with the interface of the gmail store. @param {import('./index.mjs').Settings} settings */
export function open({ databaseUrl, encryptionKey, tokenUrl = 'http://127.0.0.1:1/token' }) {
  const client = { tokenUrl, clientId: 'bench', clientSecret: 'bench' };
  const keep = createTokenKeep({
    databaseUrl,
    tokenkeepKey: encryptionKey,
    providers: { [provider]: client },
  });
  return {
    getValidGmailToken: (userId) => keep.integration.getValidToken(userId, provider),
    refreshExpiring: (options) => keep.integration.refreshExpiring(options),
    close: () => keep.close(),
  };
}
