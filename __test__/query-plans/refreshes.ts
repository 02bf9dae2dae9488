/** Each step of a refresh, in each store. */

import { randomUUID } from 'node:crypto';
import type { TokenKeep } from '../../dist/index.js';
import { expireToken, type IssuedTokens, type TokenEndpoint } from '../../dist/testing/index.js';
import { type StoreCase, storeCases } from '../testing/stores';

/** What the calls are made on. */
export interface Stage {
  keep: TokenKeep;
  endpoint: TokenEndpoint;
  databaseUrl: string;
  /** For what a test changes behind the stores' backs. */
  testUrl: string;
}

type Act = (stage: Stage, user: User) => Promise<unknown>;

/** A connected user whose access token has run out. */
interface User extends StoreCase {
  reconnect(): Promise<unknown>;
}

/** Lease and commit. */
const committed: Act = ({ keep }, user) => user.valid(keep);

const released: Act = async ({ keep, endpoint }, user) => {
  endpoint.script([{ retryAfter: 1 }]);
  await user.valid(keep).catch(expected);
};

/** Somebody connects anew while the provider refuses what was sent. */
const expiredEarly: Act = async ({ keep, endpoint }, user) => {
  const first = endpoint.requests.length;
  endpoint.script(async (_request, index) => {
    if (index > first) return undefined;
    await user.reconnect();
    return { error: 'invalid_grant' };
  });
  await user.valid(keep);
};

/** The provider refuses the refresh token itself. */
const refused: Act = async ({ keep, endpoint }, user) => {
  endpoint.script([{ error: 'invalid_scope' }]);
  await user.valid(keep).catch(expected);
};

const markedRevoked: Act = async ({ keep, endpoint }, user) => {
  endpoint.script([{ error: 'invalid_grant' }]);
  await user.valid(keep).catch(expected);
};

/** What a step is made to fail with; a step that was left out shows in the statements. */
export const expected = (): void => {};

const inAnHour = () => new Date(Date.now() + 3_600_000);

/** All stores, all steps; the first step for `userId`, in the vault a tenant with many rows. */
export async function driveRefreshes(stage: Stage, userId: string): Promise<void> {
  for (const index of storeCases(userId).keys()) {
    for (const act of [committed, released, expiredEarly, refused, markedRevoked]) {
      const user = storeCases(act === committed ? userId : randomUUID())[index]!;
      const store = (tokens: IssuedTokens) => user.store(stage.keep, inAnHour(), tokens);
      const reconnect = () => store(stage.endpoint.issue());
      await reconnect();
      await expireToken(stage.testUrl, user.key);
      await act(stage, { ...user, reconnect });
      stage.endpoint.script([]);
    }
  }
}
