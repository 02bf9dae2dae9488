import { libraryOf } from '../library.mjs';
import { urlOf } from './connection.mjs';

/**
 * The plain functions of `tokenkeep/gmail` on the default instance, which follows the environment.
 *
 * @param {import('./index.mjs').Settings & { checkout?: string }} settings
 */
export function open({ encryptionKey, checkout, ...settings }) {
  process.env.DATABASE_URL = urlOf(settings);
  process.env.GMAIL_ENCRYPTION_KEY = encryptionKey;
  const library = libraryOf(checkout);
  const { getValidGmailToken, upsertGmailTokens } = library('tokenkeep/gmail');
  const { close } = library('tokenkeep');
  return { getValidGmailToken, upsertGmailTokens, close };
}
