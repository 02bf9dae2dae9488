import type * as tokenkeep from 'tokenkeep';
import type { Equal, Expect } from './expect';

/** What a class tells beside an `Error`. */
type Own<Failure> = Omit<Failure, keyof Error | 'code' | 'retryable'>;

export type Shapes = [
  Expect<Equal<tokenkeep.TokenkeepFailure, { readonly code: string; readonly retryable: boolean }>>,
  Expect<Equal<tokenkeep.TokenkeepError['retryable'], boolean>>,
  Expect<Equal<tokenkeep.RowLockedError['retryable'], true>>,
  Expect<Equal<tokenkeep.TokenRevokedError['code'], 'ERR_TOKENKEEP_REVOKED'>>,
  Expect<tokenkeep.GmailTokenRevokedError extends tokenkeep.TokenRevokedError ? true : false>,
  Expect<tokenkeep.GmailNotConnectedError extends tokenkeep.NotConnectedError ? true : false>,
  Expect<tokenkeep.InvalidArgumentError extends TypeError ? true : false>,
  Expect<Equal<Own<tokenkeep.InvalidArgumentError>, { readonly argument: string | undefined }>>,
  Expect<Equal<Own<tokenkeep.ConfigurationError>, { readonly option?: string }>>,
  Expect<Equal<Own<tokenkeep.ProviderUnavailableError>, { readonly status?: number }>>,
  Expect<Equal<Own<tokenkeep.TokenRevokedError>, { readonly providerCode?: string }>>,
  Expect<Equal<Own<tokenkeep.ClientRejectedError>, { readonly providerCode?: string }>>,
  Expect<
    Equal<
      Own<tokenkeep.ProviderRefusedError>,
      { readonly status?: number; readonly providerCode?: string }
    >
  >,
  Expect<
    Equal<
      Own<tokenkeep.ClientUnprovenError>,
      { readonly reason?: 'other_client' | 'never_refreshed' | 'too_many' }
    >
  >,
  Expect<Equal<tokenkeep.ClientUnprovenError['retryable'], true>>,
  Expect<Equal<Own<tokenkeep.ProviderThrottledError>, { readonly retryAfterMs?: number }>>,
  Expect<
    Equal<
      Own<tokenkeep.DatabaseError>,
      { readonly sqlstate?: string; readonly constraint?: string }
    >
  >,
  Expect<
    Equal<
      Own<tokenkeep.AuthorizationError>,
      { readonly reason?: tokenkeep.NotAuthorizedReason; readonly account?: string }
    >
  >,
  Expect<
    Equal<
      Own<tokenkeep.ScopesMissingError>,
      { readonly missingScopes: string[]; readonly scopes: string[] }
    >
  >,
];
