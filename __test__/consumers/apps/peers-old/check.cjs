// An application whose drizzle-orm and Effect are older than what their entries need installs, and uses the
// others; the entries for Effect say what they need.
const assert = require('node:assert/strict');
const gmail = require('tokenkeep/gmail');
const { job } = require('./job/index.cjs');

main();

async function main() {
  await job(gmail);
  const refused = (needed) => ({
    code: 'ERR_TOKENKEEP_CONFIGURATION',
    message: new RegExp(`requires Effect ${needed}.*found Effect 3\\.9\\.2`),
  });
  assert.throws(() => require('tokenkeep/effect3'), refused('3\\.10'));
  await assert.rejects(import('tokenkeep/effect3'), refused('3\\.10'));
  await assert.rejects(import('tokenkeep/effect'), refused('4'));
}
