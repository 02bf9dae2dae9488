/** Refreshing, as the real stores do it: once for all who ask, and never over newer tokens. */

import { randomBytes } from 'node:crypto';
import { optionalScopes } from '../../input/arguments';
import type { RefreshFn } from '../../bridge/bridge';
import { isA } from '../../bridge/callbacks';
import {
  GmailNotConnectedError,
  GmailTokenRevokedError,
  NotConnectedError,
  RefreshCallbackError,
  RefreshTokenMissingError,
  TokenRevokedError,
  TokenkeepError,
} from '../../errors/errors';
import { bare, fieldsOf } from '../../input/fields';
import type { StoreName } from '../stored-token';
import { type Grant, type Place, hasLeft, isSame } from './grant';
import type { FakeRefresh, FakeRefreshedTokens } from './refresh';

/** What a caller asks for. */
export interface Want {
  /** How much must be left, in milliseconds. */
  freshMs?: number | undefined;
  force?: boolean | undefined;
  refreshFn?: RefreshFn | undefined;
  /** Throws when what a refresh needs is missing. */
  check?: (() => void) | undefined;
  /** Take a usable token at once while somebody else refreshes. */
  atOnce?: boolean | undefined;
}

const FRESH_MS = 300_000;
const USABLE_MS = 60_000;
const SHARED_MS = 5_000;
const LIFETIME_MS = 3_600_000;

/** Refreshes the grants of one fake. */
export class Refresher {
  readonly #refresh: FakeRefresh;
  readonly #flights = new Map<string, Promise<void>>();

  constructor(refresh: FakeRefresh | undefined) {
    this.#refresh = refresh ?? (() => ({ accessToken: newToken() }));
  }

  /** A grant that is valid as long as it is wanted, refreshed if need be. */
  async valid(place: Place, want: Want = {}): Promise<Grant> {
    const { freshMs = FRESH_MS, force, atOnce, check, refreshFn } = fieldsOf(want);
    const grant = alive(place);
    if (!force && hasLeft(grant, freshMs)) return grant;
    if (force && Date.now() - (grant.refreshedAt ?? -Infinity) < SHARED_MS) return grant;
    const isUsable = (): boolean => hasLeft(grant, USABLE_MS);
    const name = JSON.stringify([place.store, ...place.key]);
    const under = this.#flights.get(name);
    if (under && atOnce && isUsable()) return grant;
    if (!grant.refreshToken) {
      if (isUsable()) return grant;
      throw new RefreshTokenMissingError(
        'The access token is spent and no refresh token is stored; the user must connect again',
      );
    }
    check?.();
    const flight = under ?? this.#fly(name, place, grant, refreshFn);
    try {
      await flight;
    } catch (error) {
      if (error instanceof TokenRevokedError || !isUsable()) throw error;
      return grant;
    }
    const now = alive(place);
    // A provider may give tokens that are shorter than what is wanted: whoever waited takes them.
    return hasLeft(now, 0) || now.refreshedAt ? now : this.valid(place, want);
  }

  /**
   * Refreshes a grant that has no more than so many milliseconds left; gives whether there are new tokens.
   * An error is told also where the stored token is usable.
   */
  async refreshed(place: Place, freshMs: number): Promise<boolean> {
    const grant = alive(place);
    if (hasLeft(grant, freshMs)) return false;
    const name = JSON.stringify([place.store, ...place.key]);
    await (this.#flights.get(name) ?? this.#fly(name, place, grant));
    return !isSame(grant, alive(place));
  }

  #fly(name: string, place: Place, grant: Grant, refreshFn?: RefreshFn): Promise<void> {
    const flight = this.#exchange(place, grant, refreshFn).finally(() => {
      this.#flights.delete(name);
    });
    this.#flights.set(name, flight);
    return flight;
  }

  async #exchange(place: Place, grant: Grant, refreshFn?: RefreshFn): Promise<void> {
    try {
      const answer = fieldsOf<FakeRefreshedTokens>(
        Object(await this.#ask(place, grant, refreshFn)),
      );
      // Newer tokens and endings win.
      if (!isSame(grant, place.read())) return;
      place.write({
        accessToken: answer.accessToken,
        refreshToken: answer.refreshToken || grant.refreshToken,
        expiresAt: Number(answer.expiresAt ?? Date.now() + LIFETIME_MS),
        scopes: optionalScopes('scopes', answer.scopes) ?? grant.scopes,
        isDead: false,
        refreshedAt: Date.now(),
      });
    } catch (error) {
      if (saysDead(error)) {
        if (!isSame(grant, place.read())) return;
        place.end(grant);
        throw revoked(place.store);
      }
      if (isA(error, TokenkeepError)) throw error;
      throw new RefreshCallbackError('refreshFn failed; see cause', { cause: error });
    }
  }

  async #ask(place: Place, grant: Grant, refreshFn?: RefreshFn): Promise<FakeRefreshedTokens> {
    const { refreshToken } = grant;
    if (!refreshFn) {
      return this.#refresh({ store: place.store, key: [...place.key], refreshToken });
    }
    const { signal } = new AbortController();
    const { expiryDate, ...answer } = fieldsOf(await refreshFn(refreshToken, { signal }));
    return bare({ ...answer, expiresAt: new Date(expiryDate) });
  }
}

/** The grant of a connection that has not ended. */
function alive(place: Place): Grant {
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

/** `invalid_grant`, and what OpenID Connect says when the user must be asked. */
const DEAD: ReadonlySet<unknown> = new Set([
  'invalid_grant',
  'interaction_required',
  'login_required',
  'account_selection_required',
  'consent_required',
]);

/** As the core reads what a `refreshFn` throws. */
function saysDead(error: unknown): boolean {
  if (isA(error, TokenRevokedError)) return true;
  try {
    const { message, response } = fieldsOf(Object(error));
    const { data } = fieldsOf(Object(response));
    const code: unknown = fieldsOf(Object(data)).error;
    return DEAD.has(code) || String(message).includes('invalid_grant');
  } catch {
    // A proxy, or a getter, that throws: it says nothing.
    return false;
  }
}

function newToken(): string {
  return `access-${randomBytes(12).toString('base64url')}`;
}
