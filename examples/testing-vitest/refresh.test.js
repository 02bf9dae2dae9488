/** An integration test: the real tokenkeep, on a real PostgreSQL, with a provider that obeys a script. */

import { ProviderThrottledError, createTokenKeep } from 'tokenkeep';
import { expireToken, startTokenEndpoint } from 'tokenkeep/testing';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { nextEvents } from './events.js';

const key = { store: 'integration', userId: 'ada', provider: 'google' };
const send = async (_url, { headers }) =>
  Response.json({ items: [{ summary: headers.authorization }] });

/** The database of `global-setup.js`, one for all files. */
const databaseUrl = inject('databaseUrl');
let provider;
let keep;

beforeEach(async () => {
  provider = await startTokenEndpoint();
  keep = createTokenKeep({
    databaseUrl,
    tokenkeepKey: '11'.repeat(32),
    providers: { google: { tokenUrl: provider.url, clientId: 'id', clientSecret: 'secret' } },
  });
  const expiresAt = new Date(Date.now() + 3_600_000);
  await keep.integration.storeToken('ada', 'google', { ...provider.issue(), expiresAt });
  await expireToken(databaseUrl, key);
});
afterEach(async () => {
  await keep.close();
  await provider.stop();
});

test('ten pages at once cost one refresh', async () => {
  const pages = await Promise.all(Array.from({ length: 10 }, () => nextEvents(keep, 'ada', send)));
  expect(new Set(pages.map(({ events }) => events[0])).size).toBe(1);
  expect(provider.requests).toHaveLength(1);
});

test('a provider that asks to slow down is an error with the time to wait', async () => {
  provider.script([{ retryAfter: 30 }]);
  const page = nextEvents(keep, 'ada', send);
  await expect(page).rejects.toBeInstanceOf(ProviderThrottledError);
  await expect(page).rejects.toMatchObject({ retryable: true, retryAfterMs: 30_000 });
});

test('a user who has taken the access back is asked to connect', async () => {
  provider.script([{ error: 'invalid_grant' }]);
  await expect(nextEvents(keep, 'ada', send)).resolves.toStrictEqual({
    connected: false,
    events: [],
  });
});
