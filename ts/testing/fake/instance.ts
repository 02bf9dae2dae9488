/** An instance in memory. */

import { randomBytes } from 'node:crypto';
import { optionalDuration, optionalFunction, optionsOf } from '../../input/arguments';
import { type TokenkeepEvent, boundListener } from '../../bridge/events';
import type { ConnectedStore } from '../../instance/connector';
import { ClosedError } from '../../errors/errors';
import type { TokenKeep } from '../../instance/instance';
import { checkTenant } from '../../instance/tenant';
import type { StoreName } from '../stored-token';
import { FakeCalendar } from './calendar';
import { FakeConnector } from './connector';
import { FakeGmail } from './gmail';
import { FakeIntegration } from './integration';
import type { FakeRefresh } from './refresh';
import { Refresher } from './refresher';
import { openValue, sealValue } from './sealing';
import type { PublicMembers } from './public-members';
import { FakeVault } from './vault';
import { FakeZoho } from './zoho';

/** The options of {@link fakeTokenKeep}. */
export interface FakeTokenKeepOptions {
  /**
   * Called for every refresh. Default: returns a new access token that is valid for an hour, and the same
   * refresh token.
   */
  refresh?: FakeRefresh | undefined;
  /** Receives the events of refreshes, as the option of `createTokenKeep` does. */
  onEvent?: ((event: TokenkeepEvent) => void) | undefined;
}

/** An instance that keeps tokens in memory. */
export type FakeTokenKeep = TokenKeep & {
  /** @internal Used by `expireToken`; returns whether there is such a token. */
  expire(store: StoreName, key: string[]): boolean;
};

const MINUTE_MS = 60_000;

class FakeInstance implements PublicMembers<FakeTokenKeep> {
  readonly gmail: FakeGmail;
  readonly zoho: FakeZoho;
  readonly vault: FakeVault;
  readonly calendar: FakeCalendar;
  readonly integration: FakeIntegration;
  readonly connector: FakeConnector;
  #isClosed = false;

  constructor(options: FakeTokenKeepOptions) {
    const { refresh, onEvent } = optionsOf(options, ['refresh', 'onEvent']);
    const listener = optionalFunction('onEvent', onEvent);
    const refresher = new Refresher(
      optionalFunction('refresh', refresh),
      listener && boundListener(listener),
    );
    const open = (): void => {
      if (this.#isClosed) throw new ClosedError('This tokenkeep instance was closed');
    };
    this.gmail = new FakeGmail(open, refresher);
    this.zoho = new FakeZoho(open, refresher);
    this.vault = new FakeVault(open, refresher);
    this.integration = new FakeIntegration(open, refresher);
    this.connector = new FakeConnector(
      open,
      (store, userId, provider, scopes) => this.#connect(store, userId, provider, scopes),
      (store, userId, provider) => this.#disconnect(store, userId, provider),
    );
    this.calendar = new FakeCalendar(open, refresher, this.connector);
  }

  /** There is no row-level security in memory: every tenant sees all rows. */
  forTenant: TokenKeep['forTenant'] = (tenantId) => {
    checkTenant(tenantId);
    return this as unknown as TokenKeep;
  };

  migrate: TokenKeep['migrate'] = async () => [];

  unseal: TokenKeep['unseal'] = async () => 0;

  /** Nothing in memory has a key. */
  rotate: TokenKeep['rotate'] = async () => ({ stores: [], pending: [] });

  seal: TokenKeep['seal'] = async () => 0;

  revive: TokenKeep['revive'] = async () => 0;

  sealValue: TokenKeep['sealValue'] = sealValue;

  openValue: TokenKeep['openValue'] = openValue;

  close: TokenKeep['close'] = async (options = {}) => {
    optionalDuration('timeoutMs', optionsOf(options, ['timeoutMs']).timeoutMs);
    this.#isClosed = true;
    return true;
  };

  expire(store: StoreName, key: string[]): boolean {
    if (store === 'vault') return this.vault.expire(key);
    const place = this[store].place(key);
    const grant = place.read();
    if (!grant) return false;
    place.write({ ...grant, expiresAt: Date.now() - MINUTE_MS, refreshedAt: undefined });
    return true;
  }

  #connect(store: ConnectedStore, userId: string, provider: string, scopes: string[]): void {
    this.#placeOf(store, userId, provider).write({
      accessToken: newToken('access'),
      refreshToken: newToken('refresh'),
      expiresAt: Date.now() + 60 * MINUTE_MS,
      scopes,
      isDead: false,
    });
  }

  #disconnect(store: ConnectedStore, userId: string, provider: string): boolean {
    const place = this.#placeOf(store, userId, provider);
    const found = place.read() !== undefined;
    place.remove();
    return found;
  }

  #placeOf(store: ConnectedStore, userId: string, provider: string) {
    return this[store].place(store === 'integration' ? [userId, provider] : [userId]);
  }
}

/**
 * Creates an object with the members of `createTokenKeep()` that keeps tokens in memory. It is plain
 * JavaScript and uses no addon, no database and no network. It reads the time from `Date`, which a test may
 * replace, and no environment variables.
 */
export function fakeTokenKeep(options: FakeTokenKeepOptions = {}): FakeTokenKeep {
  // `implements` ensures that all public members exist.
  return new FakeInstance(options) as unknown as FakeTokenKeep;
}

function newToken(kind: string): string {
  return `${kind}-${randomBytes(12).toString('base64url')}`;
}
