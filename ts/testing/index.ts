/** `tokenkeep/testing`: for the tests of applications. Only `startTestDatabase` needs the addon. */

export { type TestDatabase, type TestDatabaseOptions, startTestDatabase } from './database';
export {
  type TokenEndpoint,
  type TokenEndpointOptions,
  startTokenEndpoint,
} from './token-endpoint/index';
export { type UserConsent } from './token-endpoint/authorization';
export { type IssuedTokens, type TokenExchange, type TokenFamily } from './token-endpoint/families';
export { type TokenRequest } from './token-endpoint/request';
export {
  type NextStep,
  type TokenEndpointScript,
  type TokenEndpointStep,
  type TokenResponse,
} from './token-endpoint/step';
export { type FakeTokenKeep, type FakeTokenKeepOptions, fakeTokenKeep } from './fake/instance';
export {
  type FakeRefresh,
  type FakeRefreshRequest,
  type FakeRefreshedTokens,
} from './fake/refresh';
export { expireToken } from './expire-token';
export { type StoreName, type StoredTokenKey } from './stored-token';
