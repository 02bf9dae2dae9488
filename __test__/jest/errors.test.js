// Errors are made in the realm of the caller, with its stack.

const tokenkeep = require('tokenkeep');
const gmail = require('tokenkeep/gmail');
const crypto = require('tokenkeep/crypto');

beforeAll(() => {
  process.env.DATABASE_URL = process.env.JEST_DATABASE_URL;
  process.env.GMAIL_ENCRYPTION_KEY = '11'.repeat(32);
});
afterAll(() => tokenkeep.close());

async function rejected(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('was not rejected');
}

function thrown(work) {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('did not throw');
}

test('GmailNotConnectedError is an Error, also by the class of the other entry', async () => {
  const error = await rejected(gmail.getValidGmailToken('nobody'));
  expect(error instanceof gmail.GmailNotConnectedError).toBe(true);
  expect(error instanceof tokenkeep.GmailNotConnectedError).toBe(true);
  expect(error instanceof tokenkeep.NotConnectedError).toBe(true);
  expect(error instanceof tokenkeep.TokenkeepError).toBe(true);
  expect(error instanceof Error).toBe(true);
  await expect(gmail.getValidGmailToken('nobody')).rejects.toThrow(gmail.GmailNotConnectedError);
});

test('GmailTokenRevokedError is an Error', async () => {
  await gmail.upsertGmailTokens({
    userId: 'revoked',
    tenantId: 'tenant',
    accessToken: 'access',
    refreshToken: 'refresh',
    expiresAt: new Date(0),
    scope: 'scope',
  });
  const error = await rejected(
    gmail.getValidGmailToken('revoked', async () => {
      throw new Error('invalid_grant');
    }),
  );
  expect(error instanceof gmail.GmailTokenRevokedError).toBe(true);
  expect(error instanceof Error).toBe(true);
  await expect(gmail.hasActiveGmailConnection('revoked')).resolves.toBe(false);
});

test.each([
  ['by the JavaScript API', () => gmail.getGmailTokenDecrypted(7)],
  ['by the core', () => gmail.getGmailTokenDecrypted('')],
])('bad input is a TypeError, when refused %s', async (_, call) => {
  const error = await rejected(call());
  expect(error instanceof TypeError).toBe(true);
  expect(error instanceof Error).toBe(true);
  expect(error instanceof tokenkeep.InvalidArgumentError).toBe(true);
  expect(error.argument).toBe('userId');
});

test('what crypto throws is of this realm, too', () => {
  const altered = thrown(() => crypto.decryptToken('no'));
  expect(altered instanceof tokenkeep.DecryptionError).toBe(true);
  expect(altered instanceof Error).toBe(true);
  const key = process.env.GMAIL_ENCRYPTION_KEY;
  process.env.GMAIL_ENCRYPTION_KEY = 'no key';
  const configuration = thrown(() => crypto.encryptToken('token'));
  process.env.GMAIL_ENCRYPTION_KEY = key;
  expect(configuration instanceof tokenkeep.ConfigurationError).toBe(true);
  expect(configuration instanceof Error).toBe(true);
  expect(thrown(() => crypto.encryptToken(7)) instanceof TypeError).toBe(true);
});

test('the stack names the function that called', async () => {
  async function theCaller() {
    return await gmail.getValidGmailToken('nobody');
  }
  const { stack } = await rejected(theCaller());
  expect(stack).toContain('theCaller');
  expect(stack).toContain('GmailNotConnectedError');
});

test('the cause is the object that was thrown', async () => {
  await gmail.upsertGmailTokens({
    userId: 'cause',
    tenantId: 'tenant',
    accessToken: 'access',
    refreshToken: 'refresh',
    expiresAt: new Date(0),
    scope: 'scope',
  });
  const cause = new RangeError('mine');
  const error = await rejected(
    gmail.getValidGmailToken('cause', async () => {
      throw cause;
    }),
  );
  expect(error instanceof tokenkeep.RefreshCallbackError).toBe(true);
  expect(error.cause).toBe(cause);
});
