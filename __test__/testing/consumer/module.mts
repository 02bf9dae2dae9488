/** `tokenkeep/testing` in a strict ES module, with the declarations themselves looked at. */

import type { TokenKeep, createTokenKeep } from 'tokenkeep';
import {
  expireToken,
  type FakeRefresh,
  fakeTokenKeep,
  startTestDatabase,
  startTokenEndpoint,
  type TokenEndpointStep,
} from 'tokenkeep/testing';

/** Code of an application, which knows only the real instance. */
function inject(_keep: TokenKeep): void {}

const refresh: FakeRefresh = async ({ store, key, refreshToken }) => ({
  accessToken: `${store} ${key.join()} ${refreshToken}`,
});
const fake = fakeTokenKeep({ refresh });
inject(fake);
export const make: typeof createTokenKeep = () => fake;

await expireToken(fake, { store: 'vault', tenantId: 'a tenant', provider: 'google' });
// @ts-expect-error A row of zoho is named by two parts.
await expireToken(fake, { store: 'zoho', clientId: 'a client' });
// @ts-expect-error A fake answers with an access token.
fakeTokenKeep({ refresh: async () => ({ refreshToken: 'refresh' }) });

const steps: TokenEndpointStep[] = [{ retryAfter: 2, times: 3 }, { drop: 'after' }];
await using endpoint = await startTokenEndpoint(steps, { rotate: false });
endpoint.script((request, index) =>
  index > 1 && request.at ? { error: 'invalid_grant' } : undefined,
);
// @ts-expect-error Nothing is done by this name.
endpoint.script([{ lose: true }]);

await using hubspot = await startTokenEndpoint([], { provider: 'hubspot' });
hubspot.script([{ providerError: 'BAD_REFRESH_TOKEN' }]);
hubspot.consent({ error: 'access_denied' });
// @ts-expect-error Users do not answer in this way.
hubspot.consent({ denied: true });
fakeTokenKeep({ onEvent: ({ type, store, key }) => console.log(type, store, key) });

await using database = await startTestDatabase({ stores: ['gmail'] });
await expireToken(database.url, { store: 'gmail', userId: 'a user' });
