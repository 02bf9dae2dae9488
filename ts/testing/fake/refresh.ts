/** How a test answers in the provider's place. */

import type { StoreName } from '../stored-token';

/** What a refresh is asked for. */
export interface FakeRefreshRequest {
  store: StoreName;
  /** The parts of the row's key, such as `[userId, provider]`. */
  key: readonly string[];
  refreshToken: string;
}

/** What a refresh gives. */
export interface FakeRefreshedTokens {
  accessToken: string;
  /** Without one the old one stays. */
  refreshToken?: string | null | undefined;
  /** In an hour. */
  expiresAt?: Date | undefined;
  /** Without them the old ones stay. */
  scopes?: readonly string[] | undefined;
}

/**
 * Answers in the provider's place. An error of tokenkeep that it throws is what the caller gets; one
 * that says `invalid_grant` ends the connection.
 */
export type FakeRefresh = (
  request: FakeRefreshRequest,
) => FakeRefreshedTokens | Promise<FakeRefreshedTokens>;
