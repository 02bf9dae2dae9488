/** The gmail store's methods. */

import { date, optionalFunction, record, text } from '../input/arguments';
import { type RefreshFn, call, keepRefreshFn } from '../bridge/bridge';
import { recordReader } from '../bridge/layouts';
import { type InstanceHandle, native } from '../bridge/native';

/** The tokens of a user to store. */
export interface UpsertGmailTokensParams {
  /** The application's user: at most 1 KiB. */
  userId: string;
  /** The user's tenant: at most 1 KiB. */
  tenantId: string;
  /** As Google gave it: at most 64 KiB. */
  accessToken: string;
  /** As Google gave it; `''` when it gave none. */
  refreshToken: string;
  /** When the access token expires: `new Date(tokens.expiry_date)`. */
  expiresAt: Date;
  /** The granted scopes, separated by spaces: at most 1 KiB. */
  scope: string;
}

/** A row of `gmail_tokens` with decrypted tokens. */
export interface DecryptedGmailToken {
  id: string;
  userId: string;
  tenantId: string;
  accessToken: string;
  /** `''`: there is none. */
  refreshToken: string;
  expiresAt: Date;
  scope: string;
  /** The key that sealed it. */
  keyVersion: number;
  connectedAt: Date;
}

const readToken = recordReader<DecryptedGmailToken>(
  'GmailToken',
  ({
    id,
    userId,
    tenantId,
    accessToken,
    refreshToken,
    expiresAt,
    scope,
    keyVersion,
    connectedAt,
  }) =>
    (fields, at) => ({
      id: fields[at + id] as string,
      userId: fields[at + userId] as string,
      tenantId: fields[at + tenantId] as string,
      accessToken: fields[at + accessToken] as string,
      refreshToken: fields[at + refreshToken] as string,
      expiresAt: new Date(fields[at + expiresAt] as number),
      scope: fields[at + scope] as string,
      keyVersion: fields[at + keyVersion] as number,
      connectedAt: new Date(fields[at + connectedAt] as number),
    }),
);

/** The gmail store of an instance. */
export class GmailStore {
  readonly #instance: () => InstanceHandle;

  /** @internal */
  constructor(instance: () => InstanceHandle) {
    this.#instance = instance;
    // So that `const { getValidGmailToken } = keep.gmail` works.
    this.upsertGmailTokens = this.upsertGmailTokens.bind(this);
    this.getGmailTokenDecrypted = this.getGmailTokenDecrypted.bind(this);
    this.deleteGmailTokens = this.deleteGmailTokens.bind(this);
    this.hasActiveGmailConnection = this.hasActiveGmailConnection.bind(this);
    this.getValidGmailToken = this.getValidGmailToken.bind(this);
  }

  /**
   * Stores a user's tokens, sealed; replaces stored ones, also during a refresh.
   * @throws {TenantMismatchError} if the user's row belongs to another tenant
   */
  upsertGmailTokens(params: UpsertGmailTokensParams): Promise<void> {
    return call((id) => {
      const given = record('params', params);
      native.upsertGmailTokens(
        this.#instance(),
        id,
        text('userId', given['userId']),
        text('tenantId', given['tenantId']),
        text('accessToken', given['accessToken']),
        text('refreshToken', given['refreshToken']),
        date('expiresAt', given['expiresAt']),
        text('scope', given['scope']),
      );
    });
  }

  /** The stored tokens, also expired ones; `null` if there are none. */
  getGmailTokenDecrypted(userId: string): Promise<DecryptedGmailToken | null> {
    return call(
      (id) => native.getGmailTokenDecrypted(this.#instance(), id, text('userId', userId)),
      readToken,
    );
  }

  /** Deletes the stored tokens, if there are any; never calls Google. */
  deleteGmailTokens(userId: string): Promise<void> {
    return call((id) => native.deleteGmailTokens(this.#instance(), id, text('userId', userId)));
  }

  /** Whether tokens are stored; decrypts nothing. */
  hasActiveGmailConnection(userId: string): Promise<boolean> {
    return call((id) =>
      native.hasActiveGmailConnection(this.#instance(), id, text('userId', userId)),
    );
  }

  /**
   * A token with at least five minutes left, refreshed if needed, once across all processes: by `refreshFn`
   * if given, else at Google with `GOOGLE_CLIENT_ID` and `GOOGLE_CLIENT_SECRET`. If a refresh fails, a token
   * with more than a minute left is returned instead of the error.
   * @throws {GmailNotConnectedError} if nothing is stored
   * @throws {GmailTokenRevokedError} if Google says `invalid_grant`; the row is deleted
   */
  getValidGmailToken(userId: string, refreshFn?: RefreshFn): Promise<DecryptedGmailToken> {
    return call((id) => {
      const user = text('userId', userId);
      const callback = optionalFunction('refreshFn', refreshFn);
      const instance = this.#instance();
      native.getValidGmailToken(instance, id, user, callback && keepRefreshFn(callback));
    }, readToken);
  }
}
