/** An instance in memory. */

import { randomBytes } from 'node:crypto';
import { optionalDuration, optionalFunction, record } from '../../input/arguments';
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
import type { Surface } from './surface';
import { FakeVault } from './vault';
import { FakeZoho } from './zoho';

/** What {@link fakeTokenKeep} is told. */
export interface FakeTokenKeepOptions {
  /**
   * Answers whenever a token is refreshed. By default with a new access token that is good for an
   * hour, and the same refresh token.
   */
  refresh?: FakeRefresh | undefined;
}

/** An instance that keeps tokens in memory. */
export type FakeTokenKeep = TokenKeep & {
  /** @internal What `expireToken` calls; gives whether there is such a token. */
  expire(store: StoreName, key: string[]): boolean;
};

const MINUTE_MS = 60_000;

class FakeKeep implements Surface<FakeTokenKeep> {
  readonly gmail: FakeGmail;
  readonly zoho: FakeZoho;
  readonly vault: FakeVault;
  readonly calendar: FakeCalendar;
  readonly integration: FakeIntegration;
  readonly connector: FakeConnector;
  #isClosed = false;

  constructor(options: FakeTokenKeepOptions) {
    const { refresh } = record('options', options) as FakeTokenKeepOptions;
    const refresher = new Refresher(optionalFunction('refresh', refresh));
    const open = (): void => {
      if (this.#isClosed) throw new ClosedError('This tokenkeep instance was closed');
    };
    this.gmail = new FakeGmail(open, refresher);
    this.zoho = new FakeZoho(open, refresher);
    this.vault = new FakeVault(open, refresher);
    this.integration = new FakeIntegration(open, refresher);
    this.connector = new FakeConnector(
      open,
      (store, userId, scopes) => this.#connect(store, userId, scopes),
      (store, userId) => this.#disconnect(store, userId),
    );
    this.calendar = new FakeCalendar(open, refresher, this.connector);
  }

  /** Memory has no row-level security: a tenant sees what everybody sees. */
  forTenant: TokenKeep['forTenant'] = (tenantId) => {
    checkTenant(tenantId);
    return this as unknown as TokenKeep;
  };

  migrate: TokenKeep['migrate'] = async () => [];

  unseal: TokenKeep['unseal'] = async () => 0;

  revive: TokenKeep['revive'] = async () => 0;

  sealValue: TokenKeep['sealValue'] = sealValue;

  openValue: TokenKeep['openValue'] = openValue;

  close: TokenKeep['close'] = async (options = {}) => {
    optionalDuration('timeoutMs', record('options', options)['timeoutMs']);
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

  #connect(store: ConnectedStore, userId: string, scopes: string[]): void {
    this.#placeOf(store, userId).write({
      accessToken: newToken('access'),
      refreshToken: newToken('refresh'),
      expiresAt: Date.now() + 60 * MINUTE_MS,
      scopes,
      isDead: false,
    });
  }

  #disconnect(store: ConnectedStore, userId: string): boolean {
    const place = this.#placeOf(store, userId);
    const found = place.read() !== undefined;
    place.remove();
    return found;
  }

  #placeOf(store: ConnectedStore, userId: string) {
    return this[store].place(store === 'integration' ? [userId, 'google'] : [userId]);
  }
}

/**
 * An object with everything that `createTokenKeep()` gives, in plain JavaScript: tokens are kept in
 * memory, and neither the addon nor a database nor the network is used. It reads the time of `Date`, so
 * that a test may set it, and nothing of the environment.
 */
export function fakeTokenKeep(options: FakeTokenKeepOptions = {}): FakeTokenKeep {
  // Everything but the private parts is there: that is what `implements` says above.
  return new FakeKeep(options) as unknown as FakeTokenKeep;
}

function newToken(kind: string): string {
  return `${kind}-${randomBytes(12).toString('base64url')}`;
}
