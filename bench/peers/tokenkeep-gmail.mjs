import { close } from 'tokenkeep';
import { getValidGmailToken, upsertGmailTokens } from 'tokenkeep/gmail';

/**
 * The functions of seed 000 on the default instance: they look at the environment, which the
 * process has set, in every call.
 */
export function open() {
  return { getValidGmailToken, upsertGmailTokens, close };
}
