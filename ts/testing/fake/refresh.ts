/** The option `refresh`, which replaces the provider. */

import type { StoreName } from '../stored-token';

/** The request for a refresh. */
export interface FakeRefreshRequest {
  store: StoreName;
  /** The parts of the row's key, such as `[userId, provider]`. */
  key: readonly string[];
  refreshToken: string;
}

/** The result of a refresh. */
export interface FakeRefreshedTokens {
  accessToken: string;
  /** Default: the old refresh token. */
  refreshToken?: string | null | undefined;
  /** Default: in one hour. */
  expiresAt?: Date | undefined;
  /** Default: the old scopes. */
  scopes?: readonly string[] | undefined;
}

/**
 * Refreshes instead of the provider. If it throws an error of tokenkeep, the caller gets that error. An error
 * with `invalid_grant` revokes the grant.
 */
export type FakeRefresh = (
  request: FakeRefreshRequest,
) => FakeRefreshedTokens | Promise<FakeRefreshedTokens>;
