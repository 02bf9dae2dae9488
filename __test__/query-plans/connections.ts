/** Users connect to the two stores that they can connect to, and leave. */

import { randomUUID } from 'node:crypto';
import type { TokenKeep } from '../../dist/index.js';
import type { Stage } from './refreshes';

/** Google, as far as a token request goes: an account's tokens. */
export const granted = (endpoint: Pick<Stage['endpoint'], 'issue'>, refreshes: boolean) => {
  const claims = Buffer.from(JSON.stringify({ sub: 'account', aud: 'client' }));
  const { accessToken, refreshToken } = endpoint.issue();
  return {
    access_token: accessToken,
    ...(refreshes && { refresh_token: refreshToken }),
    token_type: 'Bearer',
    expires_in: 3_600,
    id_token: `e30.${claims.toString('base64url')}.c2ln`,
  };
};

export const stateOf = (url: string): string => new URL(url).searchParams.get('state')!;

/** By a link, and by the application itself; the second time without a refresh token. */
export async function driveConnections({ keep, endpoint }: Stage): Promise<void> {
  const { connector } = keep;
  connector.redirectUri();
  connector.authorizationOrigin();
  connector.providerPage('google');
  connector.providers();
  connector.suggestion('gogle');
  for (const store of ['calendar', 'integration'] as const) {
    const userId = randomUUID();
    endpoint.script(() => ({ status: 200, body: granted(endpoint, true) }));
    const link = await connector.link(store, { userId });
    await connector.checkLink(store, link);
    const url = await connector.followLink(store, link, 'browser');
    await connector.finish(store, { state: stateOf(url), code: 'code', browser: 'browser' });
    endpoint.script(() => ({ status: 200, body: granted(endpoint, false) }));
    const again = await connector.begin(store, { userId });
    await connector.finish(store, { state: stateOf(again), code: 'code', userId });
    endpoint.script([]);
    await connector.disconnect(store, userId);
  }
  await byTheCalendarItself(keep, endpoint);
}

async function byTheCalendarItself({ calendar }: TokenKeep, endpoint: Stage['endpoint']) {
  const userId = randomUUID();
  endpoint.script([{ status: 200, body: granted(endpoint, true) }]);
  const state = stateOf(await calendar.getAuthUrl({ userId }));
  await calendar.exchangeCodeForTokens(userId, 'code', { state });
  endpoint.script([]);
  await calendar.disconnect(userId);
}
