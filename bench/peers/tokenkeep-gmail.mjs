import { close } from 'tokenkeep';
import { getValidGmailToken, upsertGmailTokens } from 'tokenkeep/gmail';

/**
 * The plain functions of `tokenkeep/gmail` on the default instance, which reads the environment in every call.
 */
export function open() {
  return { getValidGmailToken, upsertGmailTokens, close };
}
