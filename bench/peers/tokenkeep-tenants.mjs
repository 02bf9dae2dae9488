import { libraryOf } from '../library.mjs';

/**
 * Reads each user for the user's own tenant, with row-level security: as a role that does not bypass it.
 *
 * @param {import('./index.mjs').Settings & { checkout?: string }} settings
 */
export function open({ encryptionKey, tenants: { url, count }, checkout }) {
  const { createTokenKeep } = libraryOf(checkout)('tokenkeep');
  const keep = createTokenKeep({ databaseUrl: url, gmailEncryptionKey: encryptionKey });
  const tenants = Array.from({ length: count }, (_, tenant) => keep.forTenant(tenantOf(tenant)));
  return {
    getValidGmailToken: (userId) =>
      tenants[numberOf(userId) % count].gmail.getValidGmailToken(userId),
    close: () => keep.close(),
  };
}

/** @param {number} number */
export const tenantOf = (number) => `tenant-${number}`;

/** The number at the end of a user's name. @param {string} userId */
const numberOf = (userId) => Number(userId.slice(-8));
