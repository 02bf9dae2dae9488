// Tests of applications do not close what they did not open: jest must end all the same.

const gmail = require('tokenkeep/gmail');

test('a call without close()', async () => {
  process.env.DATABASE_URL = process.env.JEST_DATABASE_URL;
  process.env.GMAIL_ENCRYPTION_KEY = '11'.repeat(32);
  await expect(gmail.hasActiveGmailConnection('nobody')).resolves.toBe(false);
});

test('a call that nobody awaits', () => {
  void gmail.hasActiveGmailConnection('nobody').catch(() => {});
});
