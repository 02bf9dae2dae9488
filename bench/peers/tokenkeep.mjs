import { createTokenKeep } from 'tokenkeep';

/** An instance with explicit options. @param {import('./index.mjs').Settings} settings */
export function open({ databaseUrl, encryptionKey, tokenUrl }) {
  const keep = createTokenKeep({
    databaseUrl,
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
