/** Code that imports the functions of a store, instead of being given an instance. */

const { GmailNotConnectedError, getValidGmailToken } = require('tokenkeep/gmail');

/** @param {string} userId */
async function greeting(userId) {
  try {
    const { scope } = await getValidGmailToken(userId);
    return `Gmail is connected: ${scope}`;
  } catch (error) {
    if (error instanceof GmailNotConnectedError) return 'Connect Gmail';
    throw error;
  }
}

module.exports = { greeting };
