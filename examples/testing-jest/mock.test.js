/** A unit test of code that imports a store's functions: they are those of a fake. */

jest.mock('tokenkeep/gmail', () => ({
  ...jest.requireActual('tokenkeep/gmail'),
  ...jest.requireActual('tokenkeep/testing').fakeTokenKeep().gmail,
}));

const { upsertGmailTokens } = require('tokenkeep/gmail');
const { greeting } = require('./greeting');

test('greets by what is stored', async () => {
  await expect(greeting('ada')).resolves.toBe('Connect Gmail');
  await upsertGmailTokens({
    userId: 'ada',
    tenantId: 'acme',
    accessToken: 'access',
    refreshToken: 'refresh',
    expiresAt: new Date(Date.now() + 3_600_000),
    scope: 'gmail.readonly',
  });
  await expect(greeting('ada')).resolves.toBe('Gmail is connected: gmail.readonly');
});
