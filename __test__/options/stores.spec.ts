/** The core and the JavaScript API each declare what a store can do: in the same way. */

import { afterAll, expect, it } from 'vitest';
import { createGoogleHandlers } from '../../dist/http/index.js';
import { createTokenKeep, sealValue } from '../../dist/index.js';
import { STORE_NAMES, storesThat } from '../../dist/stores/registry.js';
import { failureOf } from '../helpers/promises';

const keep = createTokenKeep({
  databaseUrl: 'postgres://127.0.0.1:1/none',
  tokenkeepKey: '11'.repeat(32),
  googleOauthRedirectUri: 'https://app.example/auth/google/callback',
});
afterAll(() => keep.close());

const store = 'none' as never;

// The core knows no such store, and names those that it knows.
it.each([
  ['migrate', STORE_NAMES, () => keep.migrate({ stores: [store] })],
  ['revive', storesThat('revives'), () => keep.revive({ store })],
  ['unseal', storesThat('seals'), () => keep.unseal({ store })],
  ['sealValue', storesThat('seals'), async () => sealValue(store, 'access_token', ['u'], 't')],
  [
    'createGoogleHandlers',
    storesThat('connects'),
    async () => createGoogleHandlers({ keep, store }),
  ],
])('the stores of %s are %o', async (_, names, call) => {
  const { message } = await failureOf(call());
  expect(message.split(' of: ')[1]).toBe(names.join(', '));
});
