/** Code that imports the functions of a store, instead of being given an instance. */

import { GmailNotConnectedError, getValidGmailToken } from 'tokenkeep/gmail';

/** @param {string} userId */
export async function greeting(userId) {
  try {
    const { scope } = await getValidGmailToken(userId);
    return `Gmail is connected: ${scope}`;
  } catch (error) {
    if (error instanceof GmailNotConnectedError) return 'Connect Gmail';
    throw error;
  }
}
