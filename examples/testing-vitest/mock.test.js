/** A unit test of code that imports a store's functions: they are those of a fake. */

import { upsertGmailTokens } from 'tokenkeep/gmail';
import { expect, test, vi } from 'vitest';
import { greeting } from './greeting.js';

vi.mock('tokenkeep/gmail', async (original) => {
  const { fakeTokenKeep } = await import('tokenkeep/testing');
  return { ...(await original()), ...fakeTokenKeep().gmail };
});

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
