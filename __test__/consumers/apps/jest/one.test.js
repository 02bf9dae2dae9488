const gmail = require('tokenkeep/gmail');
const { job } = require('./job/index.cjs');

test('in the realm of a test', () => job(gmail));

test('a module registry of its own has its own classes, and the same addon', async () => {
  const before = gmail.getValidGmailToken;
  jest.resetModules();
  const again = require('tokenkeep/gmail');
  expect(again.getValidGmailToken).not.toBe(before);
  await job(again);
});
