// Jest gives each file a process.env of its own, which libc's getenv does not see.

const { close } = require('tokenkeep');
const { decryptToken, encryptToken } = require('tokenkeep/crypto');
const gmail = require('tokenkeep/gmail');

const [KEY, OTHER] = ['11'.repeat(32), '22'.repeat(32)];

afterEach(async () => {
  await close();
  delete process.env.DATABASE_URL;
  delete process.env.GMAIL_ENCRYPTION_KEY;
});

test('variables of other files are not seen here', () => {
  expect('DATABASE_URL' in process.env).toBe(false);
  expect(() => encryptToken('token')).toThrow(/GMAIL_ENCRYPTION_KEY/);
});

test('variables that are set and changed inside of a test take effect at once', async () => {
  process.env.GMAIL_ENCRYPTION_KEY = KEY;
  const sealed = encryptToken('token');
  expect(decryptToken(sealed)).toBe('token');
  process.env.GMAIL_ENCRYPTION_KEY = OTHER;
  expect(() => decryptToken(sealed)).toThrow(/Decryption failed/);
  process.env.GMAIL_ENCRYPTION_KEY = `2:${OTHER},1:${KEY}`;
  expect(decryptToken(sealed)).toBe('token');

  await expect(gmail.hasActiveGmailConnection('u')).rejects.toThrow(/DATABASE_URL/);
  process.env.DATABASE_URL = process.env.JEST_DATABASE_URL;
  await expect(gmail.hasActiveGmailConnection('u')).resolves.toBe(false);
  process.env.DATABASE_URL = 'postgres://nobody@127.0.0.1:1/none';
  await expect(gmail.hasActiveGmailConnection('u')).rejects.toMatchObject({
    code: 'ERR_TOKENKEEP_DATABASE',
  });
});

test('another copy of the modules works beside the first one', async () => {
  process.env.DATABASE_URL = process.env.JEST_DATABASE_URL;
  await expect(gmail.hasActiveGmailConnection('u')).resolves.toBe(false);
  jest.resetModules();
  const again = require('tokenkeep');
  expect(again.GmailNotConnectedError).not.toBe(gmail.GmailNotConnectedError);
  await expect(again.getValidGmailToken('nobody')).rejects.toBeInstanceOf(
    again.GmailNotConnectedError,
  );
  await expect(gmail.getValidGmailToken('nobody')).rejects.toBeInstanceOf(
    gmail.GmailNotConnectedError,
  );
  await again.close();
  await expect(gmail.hasActiveGmailConnection('u')).resolves.toBe(false);
});
