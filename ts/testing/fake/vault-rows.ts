/** The rows of the vault: one per token of a connection. */

import { randomUUID } from 'node:crypto';
import type { DecryptedToken, ExpiringToken } from '../../stores/vault';
import type { Grant } from './grant';

type Row = DecryptedToken<string, string>;

const USE_MS = 60_000;

/** Rows by tenant, provider, identifier (`''` if there is none) and token type. */
export class VaultRows {
  readonly #rows = new Map<string, Row>();
  /** Refresh tokens that the provider has revoked, not the user. */
  readonly #revoked = new WeakSet<Row>();

  /** The row itself. */
  get(key: readonly string[], tokenType: string): Row | undefined {
    return this.#rows.get(JSON.stringify([...key, tokenType]));
  }

  byId(id: string): Row | undefined {
    return [...this.#rows.values()].find((row) => row.id === id);
  }

  /** Stores a value; keeps the old expiry if `expiresAt` is `undefined`. */
  put(key: readonly string[], tokenType: string, value: string, expiresAt?: Date | null): Row {
    const [tenantId = '', provider = '', identifier] = key;
    const before = this.get(key, tokenType);
    const row: Row = {
      id: before?.id ?? randomUUID(),
      tenantId,
      provider,
      tokenType,
      value,
      identifier: identifier || null,
      expiresAt: expiresAt === undefined ? (before?.expiresAt ?? null) : expiresAt,
      isValid: 'true',
      lastUsedAt: before?.lastUsedAt ?? null,
    };
    this.#rows.set(JSON.stringify([...key, tokenType]), row);
    return row;
  }

  /** A copy of a row for the caller. Updates `lastUsedAt` at most once a minute. */
  use<Provider extends string, Type extends string>(row: Row): DecryptedToken<Provider, Type> {
    const { expiresAt, lastUsedAt } = row;
    if (!lastUsedAt || Date.now() - Number(lastUsedAt) >= USE_MS) row.lastUsedAt = new Date();
    const copy = { ...row, expiresAt: expiresAt && new Date(expiresAt), lastUsedAt };
    return copy as DecryptedToken<Provider, Type>;
  }

  delete(isMeant: (row: Row) => boolean): void {
    for (const [name, row] of this.#rows) if (isMeant(row)) this.#rows.delete(name);
  }

  /** The valid access tokens that expire by `until`. */
  expiring(until: number, of: string | undefined): ExpiringToken[] {
    return [...this.#rows.values()]
      .filter(
        ({ tokenType, isValid, expiresAt, provider }) =>
          tokenType === 'access_token' &&
          isValid !== 'false' &&
          expiresAt !== null &&
          Number(expiresAt) <= until &&
          (of === undefined || provider === of),
      )
      .map(({ tenantId, provider, tokenType, identifier }) => ({
        tenantId,
        provider,
        tokenType,
        identifier,
      }));
  }

  /** Marks a connection as revoked by the provider. */
  revoke(key: readonly string[]): void {
    const row = this.get(key, 'refresh_token');
    if (!row) return;
    row.isValid = 'false';
    this.#revoked.add(row);
  }

  /** The two rows of a connection; `undefined` if there are none, or if its user has marked it invalid. */
  grant(key: readonly string[]): Grant | undefined {
    const [access, refresh] = [this.get(key, 'access_token'), this.get(key, 'refresh_token')];
    const isDead = refresh !== undefined && this.#revoked.has(refresh);
    const isInvalid = refresh?.isValid === 'false' && !isDead;
    if ((!access && !refresh) || isInvalid) return undefined;
    const isExpired = !access || access.isValid === 'false';
    return {
      accessToken: access?.value ?? '',
      refreshToken: refresh?.value ?? '',
      expiresAt: isExpired ? 0 : access.expiresAt ? Number(access.expiresAt) : Infinity,
      scopes: [],
      isDead,
    };
  }
}
