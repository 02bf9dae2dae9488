/** Refreshes like the real stores: one refresh for all callers, and newer tokens are never overwritten. */

import { randomBytes } from 'node:crypto';
import { optionalScopes } from '../../input/arguments';
import type { RefreshFn } from '../../bridge/bridge';
import { isA } from '../../bridge/callbacks';
import { type Listener, type TokenkeepEvent, publishTo } from '../../bridge/events';
import {
  GmailNotConnectedError,
  GmailTokenRevokedError,
  NotConnectedError,
  ProviderResponseError,
  RefreshCallbackError,
  RefreshTokenMissingError,
  TokenRevokedError,
  TokenkeepError,
} from '../../errors/errors';
import { withoutPrototype, fieldsOf } from '../../input/fields';
import type { StoreName } from '../stored-token';
import { type Grant, type Place, hasLeft, isSame } from './grant';
import type { FakeRefresh, FakeRefreshedTokens } from './refresh';

/** The options of one call. */
export interface RefreshOptions {
  /** How long the token must be valid, in milliseconds. */
  freshMs?: number | undefined;
  force?: boolean | undefined;
  refreshFn?: RefreshFn | undefined;
  /** Throws if an argument that a refresh needs is missing. */
  check?: (() => void) | undefined;
  /** Return a usable token immediately while another call refreshes. */
  atOnce?: boolean | undefined;
}

const FRESH_MS = 300_000;
const USABLE_MS = 60_000;
const SHARED_MS = 5_000;
const LIFETIME_MS = 3_600_000;

/** Refreshes the grants of one fake. */
export class Refresher {
  readonly #refresh: FakeRefresh;
  readonly #listener: Listener | undefined;
  readonly #tasks = new Map<string, Promise<void>>();

  constructor(refresh: FakeRefresh | undefined, listener: Listener | undefined) {
    this.#refresh = refresh ?? (() => ({ accessToken: newToken() }));
    this.#listener = listener;
  }

  /** Returns a grant that is valid for long enough, refreshed if necessary. */
  async valid(place: Place, options: RefreshOptions = {}): Promise<Grant> {
    const { freshMs = FRESH_MS, force, atOnce, check, refreshFn } = fieldsOf(options);
    const grant = activeGrant(place);
    if (!force && hasLeft(grant, freshMs)) return grant;
    if (force && Date.now() - (grant.refreshedAt ?? -Infinity) < SHARED_MS) return grant;
    const isUsable = (): boolean => hasLeft(grant, USABLE_MS);
    const name = JSON.stringify([place.store, ...place.key]);
    const running = this.#tasks.get(name);
    if (running && atOnce && isUsable()) return grant;
    if (!grant.refreshToken) {
      if (isUsable()) return grant;
      throw new RefreshTokenMissingError(
        'The access token is spent and no refresh token is stored; the user must connect again',
      );
    }
    check?.();
    const task = running ?? this.#startTask(name, place, grant, refreshFn);
    try {
      await task;
    } catch (error) {
      if (error instanceof TokenRevokedError || !isUsable()) throw error;
      return grant;
    }
    const now = activeGrant(place);
    // A provider may issue tokens with a shorter lifetime than requested: callers that waited accept them.
    return hasLeft(now, 0) || now.refreshedAt ? now : this.valid(place, options);
  }

  /**
   * Refreshes a grant that expires within `freshMs`; returns whether there are new tokens. Throws even if the
   * stored token is usable.
   */
  async refreshed(place: Place, freshMs: number): Promise<boolean> {
    const grant = activeGrant(place);
    if (hasLeft(grant, freshMs)) return false;
    const name = JSON.stringify([place.store, ...place.key]);
    await (this.#tasks.get(name) ?? this.#startTask(name, place, grant));
    return !isSame(grant, activeGrant(place));
  }

  #startTask(name: string, place: Place, grant: Grant, refreshFn?: RefreshFn): Promise<void> {
    const task = this.#exchange(place, grant, refreshFn).finally(() => {
      this.#tasks.delete(name);
    });
    this.#tasks.set(name, task);
    return task;
  }

  /** One refresh, with the events of a real one. */
  async #exchange(place: Place, grant: Grant, refreshFn?: RefreshFn): Promise<void> {
    const began = Date.now();
    const took = (): { durationMs: number } => ({ durationMs: Date.now() - began });
    this.#tell(place, { type: 'refresh.start' });
    try {
      const isStored = await this.#replaced(place, grant, refreshFn);
      if (isStored) this.#tell(place, { type: 'refresh.end', ...took() });
    } catch (error) {
      const { code } = isA(error, TokenkeepError) ? error : new TokenkeepError('');
      this.#tell(place, { type: 'refresh.fail', ...took(), code });
      throw error;
    }
  }

  /** Whether new tokens are stored: newer ones, and marks, take precedence. */
  async #replaced(place: Place, grant: Grant, refreshFn?: RefreshFn): Promise<boolean> {
    let next: Grant;
    try {
      next = await this.#next(place, grant, refreshFn);
    } catch (error) {
      if (!isGrantDead(error)) {
        if (isA(error, TokenkeepError)) throw error;
        throw new RefreshCallbackError('refreshFn failed; see cause', { cause: error });
      }
      if (!isSame(grant, place.read())) return false;
      place.markRevoked(grant);
      const dead = revoked(place.store);
      this.#tell(place, { type: 'row.dropped', code: dead.code });
      throw dead;
    }
    const isCurrent = isSame(grant, place.read());
    if (isCurrent) place.write(next);
    else {
      this.#tell(place, { type: 'row.dropped' });
      activeGrant(place);
    }
    return isCurrent;
  }

  /** The grant after a refresh. */
  async #next(place: Place, grant: Grant, refreshFn?: RefreshFn): Promise<Grant> {
    const answer = fieldsOf<FakeRefreshedTokens>(
      Object(await this.#request(place, grant, refreshFn)),
    );
    return {
      accessToken: refreshedToken(answer.accessToken, refreshFn),
      refreshToken: answer.refreshToken || grant.refreshToken,
      expiresAt: Number(answer.expiresAt ?? Date.now() + LIFETIME_MS),
      scopes: optionalScopes('scopes', answer.scopes) ?? grant.scopes,
      metadata: grant.metadata,
      isDead: false,
      refreshedAt: Date.now(),
    };
  }

  #tell({ store, key }: Place, what: Omit<TokenkeepEvent, 'store' | 'key'>): void {
    // A vault row without an identifier has two parts.
    publishTo(this.#listener, { ...what, store, key: key.filter(Boolean).join('/') });
  }

  async #request(place: Place, grant: Grant, refreshFn?: RefreshFn): Promise<FakeRefreshedTokens> {
    const { refreshToken } = grant;
    if (!refreshFn) {
      return this.#refresh({ store: place.store, key: [...place.key], refreshToken });
    }
    const { signal } = new AbortController();
    const { expiryDate, ...answer } = fieldsOf(await refreshFn(refreshToken, { signal }));
    return withoutPrototype({ ...answer, expiresAt: new Date(expiryDate) });
  }
}

/** The new access token. The real stores do not accept an answer without one either. */
function refreshedToken(accessToken: unknown, refreshFn: RefreshFn | undefined): string {
  if (typeof accessToken === 'string' && accessToken !== '') return accessToken;
  const name = refreshFn ? 'refreshFn' : 'refresh';
  throw new ProviderResponseError(`${name} returned no valid accessToken`);
}

/** The grant, if it is not revoked. */
function activeGrant(place: Place): Grant {
  const grant = place.read();
  if (!grant) {
    throw place.store === 'gmail'
      ? new GmailNotConnectedError()
      : new NotConnectedError('Nothing is stored under this key: the user must connect');
  }
  if (grant.isDead) throw revoked(place.store);
  return grant;
}

function revoked(store: StoreName): TokenRevokedError {
  if (store === 'gmail') return new GmailTokenRevokedError();
  return new TokenRevokedError('Access was revoked or has expired; the user must connect again');
}

/** `invalid_grant`, and OpenID Connect's codes for a required interaction of the user. */
const REVOKED_CODES: ReadonlySet<unknown> = new Set([
  'invalid_grant',
  'interaction_required',
  'login_required',
  'account_selection_required',
  'consent_required',
]);

/** Reads an error of a `refreshFn` in the same way as the core. */
function isGrantDead(error: unknown): boolean {
  if (isA(error, TokenRevokedError)) return true;
  try {
    const { message, response } = fieldsOf(Object(error));
    const { data } = fieldsOf(Object(response));
    const code: unknown = fieldsOf(Object(data)).error;
    return REVOKED_CODES.has(code) || String(message).includes('invalid_grant');
  } catch {
    // A proxy or getter has thrown.
    return false;
  }
}

function newToken(): string {
  return `access-${randomBytes(12).toString('base64url')}`;
}
