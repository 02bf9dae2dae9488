/** The vault store in memory. */

import { number, optionalFunction, optionalText, optionsOf, record } from '../../input/arguments';
import { NotConnectedError } from '../../errors/errors';
import type { VaultStore } from '../../stores/vault';
import { id, validDateOrNull, tokenOrEmpty, uuid } from './arguments';
import type { Grant, Place } from './grant';
import type { Refresher } from './refresher';
import type { PublicMembers } from './public-members';
import { VaultRows } from './vault-rows';

const MINUTE_MS = 60_000;

/** Like {@link VaultStore}. Knows every provider. */
export class FakeVault implements PublicMembers<VaultStore> {
  readonly #rows = new VaultRows();
  readonly #open: () => void;
  readonly #refresher: Refresher;

  constructor(open: () => void, refresher: Refresher) {
    this.#open = open;
    this.#refresher = refresher;
  }

  storeToken: VaultStore['storeToken'] = async (tenantId, provider, tokenType, data) => {
    this.#open();
    const given = record('data', data);
    const key = this.#key(tenantId, provider, given['identifier']);
    const expiresAt = validDateOrNull('expiresAt', given['expiresAt']);
    const value = tokenOrEmpty('value', given['value']);
    const kept = given['expiresAt'] === undefined;
    return this.#rows.put(key, id('tokenType', tokenType), value, kept ? undefined : expiresAt).id;
  };

  getToken: VaultStore['getToken'] = async (tenantId, provider, tokenType, identifier) => {
    this.#open();
    const key = this.#key(tenantId, provider, identifier);
    const row = this.#rows.get(key, id('tokenType', tokenType));
    return row ? this.#rows.use(row) : null;
  };

  getAccessToken: VaultStore['getAccessToken'] = async (
    tenantId,
    provider,
    identifier,
    refreshBufferMinutes = 5,
    options = {},
  ) => {
    this.#open();
    const key = this.#key(tenantId, provider, identifier);
    const bufferMs = number('refreshBufferMinutes', refreshBufferMinutes) * MINUTE_MS;
    const { refresh, refreshFn } = optionsOf(options, ['refresh', 'refreshFn']);
    const callback = optionalFunction('refreshFn', refreshFn);
    if (refresh && !(await this.#refresh(key, { freshMs: bufferMs, refreshFn: callback }))) {
      return null;
    }
    const row = this.#rows.get(key, 'access_token');
    if (!row) return null;
    const left = row.expiresAt ? Number(row.expiresAt) - Date.now() : Infinity;
    if (row.isValid !== 'false' && left > 0) {
      return { token: this.#rows.use(row), needsRefresh: left <= bufferMs };
    }
    this.#rows.use(row);
    if (left <= 0) row.isValid = 'false';
    return null;
  };

  getRefreshToken: VaultStore['getRefreshToken'] = async (tenantId, provider, identifier) =>
    this.getToken(tenantId, provider, 'refresh_token', identifier);

  markTokenInvalid: VaultStore['markTokenInvalid'] = async (tokenId, error) => {
    this.#open();
    tokenOrEmpty('error', error);
    const row = this.#rows.byId(uuid('tokenId', tokenId));
    if (row) row.isValid = 'false';
  };

  deleteToken: VaultStore['deleteToken'] = async (tokenId) => {
    this.#open();
    const wanted = uuid('tokenId', tokenId);
    this.#rows.delete((row) => row.id === wanted);
  };

  deleteProviderTokens: VaultStore['deleteProviderTokens'] = async (tenantId, provider) => {
    this.#open();
    const [tenant, name] = this.#key(tenantId, provider, undefined);
    this.#rows.delete((row) => row.tenantId === tenant && row.provider === name);
  };

  findExpiringTokens: VaultStore['findExpiringTokens'] = async (withinMinutes, provider) => {
    this.#open();
    const until = Date.now() + number('withinMinutes', withinMinutes) * MINUTE_MS;
    const name = optionalText('provider', provider);
    return this.#rows.expiring(until, name);
  };

  /** The place of a connection's two rows. */
  place(key: readonly string[]): Place {
    const rows = this.#rows;
    return {
      store: 'vault',
      key,
      read: () => rows.grant(key),
      write: ({ accessToken, refreshToken, expiresAt }: Grant) => {
        const expiry = Number.isFinite(expiresAt) ? new Date(expiresAt) : null;
        rows.put(key, 'access_token', accessToken, expiry);
        if (refreshToken) rows.put(key, 'refresh_token', refreshToken);
      },
      markRevoked: () => rows.revoke(key),
      remove: () => rows.delete((row) => rows.get(key, row.tokenType) === row),
    };
  }

  /** Makes an access token expire; returns whether there is one. */
  expire(key: readonly string[]): boolean {
    const row = this.#rows.get(key, 'access_token');
    if (row) row.expiresAt = new Date(Date.now() - MINUTE_MS);
    return row !== undefined;
  }

  /** Returns whether there is a connection. */
  async #refresh(key: string[], options: Parameters<Refresher['valid']>[1]): Promise<boolean> {
    try {
      await this.#refresher.valid(this.place(key), options);
      return true;
    } catch (error) {
      if (error instanceof NotConnectedError) return false;
      throw error;
    }
  }

  #key(tenantId: unknown, provider: unknown, identifier: unknown): string[] {
    const account = optionalText('identifier', identifier) ?? '';
    return [uuid('tenantId', tenantId), id('provider', provider), account];
  }
}
