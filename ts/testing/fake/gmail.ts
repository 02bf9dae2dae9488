/** The gmail store in memory. */

import { randomUUID } from 'node:crypto';
import { optionalFunction, record } from '../../input/arguments';
import { TenantMismatchError } from '../../errors/errors';
import type { DecryptedGmailToken, GmailStore } from '../../stores/gmail';
import { id, validDate, token, tokenOrEmpty } from './arguments';
import type { Grant, Place } from './grant';
import type { Refresher } from './refresher';
import type { PublicMembers } from './public-members';

interface Row {
  id: string;
  tenantId: string;
  connectedAt: number;
  grant: Grant;
}

/** Like {@link GmailStore}. */
export class FakeGmail implements PublicMembers<GmailStore> {
  readonly #rows = new Map<string, Row>();
  readonly #open: () => void;
  readonly #refresher: Refresher;

  constructor(open: () => void, refresher: Refresher) {
    this.#open = open;
    this.#refresher = refresher;
  }

  upsertGmailTokens: GmailStore['upsertGmailTokens'] = async (params) => {
    this.#open();
    const given = record('params', params);
    const userId = id('userId', given['userId']);
    const tenantId = id('tenantId', given['tenantId']);
    const before = this.#rows.get(userId);
    const grant: Grant = {
      accessToken: token('accessToken', given['accessToken']),
      refreshToken: tokenOrEmpty('refreshToken', given['refreshToken']),
      expiresAt: Number(validDate('expiresAt', given['expiresAt'])),
      scopes: [tokenOrEmpty('scope', given['scope'])],
      isDead: false,
    };
    if (before && before.tenantId !== tenantId) {
      throw new TenantMismatchError(
        "tenantId: this user's tokens belong to another tenant; delete them there first",
      );
    }
    const { id: rowId = randomUUID(), connectedAt = Date.now() } = before ?? {};
    this.#rows.set(userId, { id: rowId, tenantId, connectedAt, grant });
  };

  getGmailTokenDecrypted: GmailStore['getGmailTokenDecrypted'] = async (userId) => {
    this.#open();
    return this.#read(id('userId', userId));
  };

  deleteGmailTokens: GmailStore['deleteGmailTokens'] = async (userId) => {
    this.#open();
    this.#rows.delete(id('userId', userId));
  };

  hasActiveGmailConnection: GmailStore['hasActiveGmailConnection'] = async (userId) => {
    this.#open();
    return this.#rows.has(id('userId', userId));
  };

  getValidGmailToken: GmailStore['getValidGmailToken'] = async (userId, refreshFn) => {
    this.#open();
    const place = this.place([id('userId', userId)]);
    const callback = optionalFunction('refreshFn', refreshFn);
    await this.#refresher.valid(place, { refreshFn: callback });
    return this.#read(userId) as DecryptedGmailToken;
  };

  /** The place of a user's grant. */
  place(key: readonly string[]): Place {
    const [userId = ''] = key;
    const rows = this.#rows;
    return {
      store: 'gmail',
      key,
      read: () => rows.get(userId)?.grant,
      write: (grant) => {
        const row = rows.get(userId);
        if (row) row.grant = grant;
      },
      markRevoked: () => rows.delete(userId),
      remove: () => rows.delete(userId),
    };
  }

  #read(userId: string): DecryptedGmailToken | null {
    const row = this.#rows.get(userId);
    if (!row) return null;
    const { accessToken, refreshToken, expiresAt, scopes } = row.grant;
    return {
      id: row.id,
      userId,
      tenantId: row.tenantId,
      accessToken,
      refreshToken,
      expiresAt: new Date(expiresAt),
      scope: scopes.join(' '),
      keyVersion: 1,
      connectedAt: new Date(row.connectedAt),
    };
  }
}
