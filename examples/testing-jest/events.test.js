/** A unit test: no addon, no database, no network. */

const { expireToken, fakeTokenKeep } = require('tokenkeep/testing');
const { nextEvents } = require('./events');

const key = { store: 'integration', userId: 'ada', provider: 'google' };

/** Google Calendar, as far as the page needs it. */
const calendar = () => jest.fn(async () => Response.json({ items: [{ summary: 'Tea' }] }));

async function connected(options) {
  const keep = fakeTokenKeep(options);
  await keep.integration.storeToken('ada', 'google', {
    accessToken: 'stored',
    refreshToken: 'refresh',
    expiresAt: new Date(Date.now() + 3_600_000),
  });
  return keep;
}

test('shows the events of a user who is connected', async () => {
  const send = calendar();
  await expect(nextEvents(await connected(), 'ada', send)).resolves.toStrictEqual({
    connected: true,
    events: ['Tea'],
  });
  expect(send.mock.calls[0][1].headers.authorization).toBe('Bearer stored');
});

test('uses the refreshed token when the stored one has expired', async () => {
  const keep = await connected({ refresh: async () => ({ accessToken: 'refreshed' }) });
  await expireToken(keep, key);
  const send = calendar();
  await nextEvents(keep, 'ada', send);
  expect(send.mock.calls[0][1].headers.authorization).toBe('Bearer refreshed');
});

test('asks a user to connect who never was, or has taken the access back', async () => {
  const nobody = { connected: false, events: [] };
  await expect(nextEvents(fakeTokenKeep(), 'ada', calendar())).resolves.toStrictEqual(nobody);
  const refresh = async () => {
    throw new Error('invalid_grant');
  };
  const keep = await connected({ refresh });
  await expireToken(keep, key);
  await expect(nextEvents(keep, 'ada', calendar())).resolves.toStrictEqual(nobody);
});
