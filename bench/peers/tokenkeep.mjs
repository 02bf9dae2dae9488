import { libraryOf } from '../library.mjs';
import { urlOf } from './connection.mjs';

/** An instance with explicit options. @param {import('./index.mjs').Settings & { checkout?: string }} settings */
export function open({ encryptionKey, tokenUrl, checkout, ...settings }) {
  const { createTokenKeep } = libraryOf(checkout)('tokenkeep');
  const keep = createTokenKeep({
    databaseUrl: urlOf(settings),
    gmailEncryptionKey: encryptionKey,
    googleClientId: 'bench',
    googleClientSecret: 'bench',
    googleTokenUrl: tokenUrl ?? 'http://127.0.0.1:1/token',
    mixedFleet: false,
  });
  return {
    getValidGmailToken: (userId) => keep.gmail.getValidGmailToken(userId),
    upsertGmailTokens: (params) => keep.gmail.upsertGmailTokens(params),
    deleteGmailTokens: (userId) => keep.gmail.deleteGmailTokens(userId),
    close: () => keep.close(),
  };
}
