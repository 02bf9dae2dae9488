// Jest runs each file in a realm of its own, with its own Date, Error and Array. What tokenkeep
// hands back must be of that realm, or `instanceof` and `toStrictEqual` fail in users' tests.

const gmail = require('tokenkeep/gmail');
const { close, migrate } = require('tokenkeep');

const KEY = '11'.repeat(32);
const expiresAt = new Date('2031-02-03T04:05:06.789Z');
const params = (userId) => ({
  userId,
  tenantId: 'tenant',
  accessToken: 'access',
  refreshToken: 'refresh',
  expiresAt,
  scope: 'scope',
});

beforeAll(() => {
  process.env.DATABASE_URL = process.env.JEST_DATABASE_URL;
  process.env.GMAIL_ENCRYPTION_KEY = KEY;
});
afterAll(() => close());

test('the realm of this file is not the one that the addon lives in', () => {
  expect(require('node:vm').runInThisContext('Date')).not.toBe(Date);
});

test('a stored row strictly equals a literal', async () => {
  await gmail.upsertGmailTokens(params('values'));
  const token = await gmail.getGmailTokenDecrypted('values');
  expect(token).toStrictEqual({
    id: token.id,
    ...params('values'),
    keyVersion: 1,
    connectedAt: new Date(Number(token.connectedAt)),
  });
  expect(token instanceof Object).toBe(true);
  expect(Object.getPrototypeOf(token)).toBe(Object.prototype);
});

test('dates are instances of Date', async () => {
  await gmail.upsertGmailTokens(params('dates'));
  for (const token of [
    await gmail.getGmailTokenDecrypted('dates'),
    await gmail.getValidGmailToken('dates'),
  ]) {
    expect(token.expiresAt instanceof Date).toBe(true);
    expect(token.connectedAt instanceof Date).toBe(true);
    expect(token.expiresAt).toStrictEqual(expiresAt);
  }
});

test('promises are instances of Promise', async () => {
  const call = gmail.hasActiveGmailConnection('nobody');
  expect(call instanceof Promise).toBe(true);
  await expect(call).resolves.toBe(false);
  await expect(gmail.getGmailTokenDecrypted('nobody')).resolves.toBeNull();
});

test('lists are instances of Array', async () => {
  const leftOut = await migrate({ stores: ['gmail'] });
  expect(leftOut instanceof Array).toBe(true);
  expect(leftOut.length).toBeGreaterThan(0);
});

test('a refreshFn of this realm gets an AbortSignal of this realm', async () => {
  await gmail.upsertGmailTokens({ ...params('signal'), expiresAt: new Date(0) });
  let given;
  await gmail.getValidGmailToken('signal', async (refreshToken, context) => {
    given = { refreshToken, context };
    return { accessToken: 'new', expiryDate: Date.now() + 3_600_000 };
  });
  expect(given.refreshToken).toBe('refresh');
  expect(given.context.signal instanceof AbortSignal).toBe(true);
  expect(Object.getPrototypeOf(given.context)).toBe(Object.prototype);
});

test('fake timers do not stand in the way', async () => {
  jest.useFakeTimers();
  try {
    await gmail.upsertGmailTokens(params('timers'));
    await expect(gmail.getValidGmailToken('timers')).resolves.toMatchObject({
      accessToken: 'access',
    });
  } finally {
    jest.useRealTimers();
  }
});
