import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as gmail from '../../dist/gmail.mjs';
import { type TokenKeep, close } from '../../dist/index.js';
import { type TestDatabase, gmailDatabase, keepOn } from '../helpers/database';
import { failureOf, printed } from '../helpers/promises';
import { SCOPE, allRows, insertRow, rowOf, tokensOf, params, someUser } from '../helpers/rows';
import { open } from '../helpers/gmail-format';

let database: TestDatabase;
let keep: TokenKeep;
beforeAll(async () => {
  database = await gmailDatabase();
});
afterAll(() => database.drop());
beforeEach(() => {
  keep = keepOn(database);
});
afterEach(() => keep.close());

describe('tokenkeep/gmail', () => {
  it('exports the names of the seed, and no other', () => {
    expect(Object.keys(gmail).sort()).toEqual([
      'GmailNotConnectedError',
      'GmailTokenRevokedError',
      'deleteGmailTokens',
      'getGmailTokenDecrypted',
      'getValidGmailToken',
      'hasActiveGmailConnection',
      'upsertGmailTokens',
    ]);
  });
});

describe('what was stored', () => {
  it('is handed back as it was given, in an object of plain values', async () => {
    const userId = someUser();
    expect(await keep.gmail.upsertGmailTokens(params(userId))).toBeUndefined();
    const token = await keep.gmail.getGmailTokenDecrypted(userId);
    expect(token).toStrictEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-/),
      userId,
      tenantId: 'tenant-1',
      accessToken: 'access-1',
      refreshToken: 'refresh-1',
      expiresAt: new Date('2031-02-03T04:05:06.789Z'),
      scope: SCOPE,
      keyVersion: 1,
      connectedAt: expect.any(Date),
    });
    expect(token!.expiresAt).toBeInstanceOf(Date);
    expect(token!.connectedAt).toEqual((await rowOf(database, userId))!.connected_at);
    expect(Object.getPrototypeOf(token)).toBe(Object.prototype);
  });

  it('is not readable in the table, and opens with Node', async () => {
    const userId = someUser();
    await keep.gmail.upsertGmailTokens(params(userId));
    const row = (await rowOf(database, userId))!;
    expect(JSON.stringify(row)).not.toMatch(/access-1|refresh-1/);
    expect(open(row.encrypted_access_token)).toBe('access-1');
    expect(open(row.encrypted_refresh_token)).toBe('refresh-1');
    expect(row.key_version).toBe(1);
    expect(row.refreshing_at).toBeNull();
  });

  it.each([
    ['Unicode', { accessToken: 'Grüße 世界 🗝', refreshToken: 'ünï', scope: 'ß' }],
    ['quotes and SQL', { accessToken: `'; DROP TABLE gmail_tokens; --`, scope: `\\'"$1` }],
    ['no refresh token', { refreshToken: '' }],
    ['no scope', { scope: '' }],
    ['the year 1', { expiresAt: new Date('0001-01-01T00:00:00Z') }],
    ['a year before Christ', { expiresAt: new Date('-000100-01-01T00:00:00Z') }],
    ['1970', { expiresAt: new Date(0) }],
    ['the last day of JavaScript', { expiresAt: new Date(8.64e15) }],
    ['a millisecond', { expiresAt: new Date(1_999_999_999_999) }],
  ])('survives the way to the table and back: %s', async (_, other) => {
    const userId = someUser();
    await keep.gmail.upsertGmailTokens(params(userId, other));
    expect(await keep.gmail.getGmailTokenDecrypted(userId)).toMatchObject(params(userId, other));
  });

  it('is not mixed up between user ids that look alike', async () => {
    const user = someUser();
    const suffixes = ['a', 'A', 'a ', ' a', 'ä', 'a\u0308', 'a%', 'a_', 'a\n', "a'", 'a\\', '{a}'];
    const users = suffixes.map((suffix) => user + suffix);
    await Promise.all(
      users.map((userId) => keep.gmail.upsertGmailTokens(params(userId, { accessToken: userId }))),
    );
    for (const userId of users) {
      expect(await keep.gmail.getGmailTokenDecrypted(userId)).toMatchObject({
        userId,
        accessToken: userId,
      });
    }
  });
});

describe('a second upsert', () => {
  it('replaces the tokens, and keeps id, tenant and the first connection', async () => {
    const userId = someUser();
    await keep.gmail.upsertGmailTokens(params(userId));
    await database.client.query(
      'UPDATE gmail_tokens SET refreshing_at = now(), key_version = 4 WHERE user_id = $1',
      [userId],
    );
    const before = (await rowOf(database, userId))!;
    await keep.gmail.upsertGmailTokens(
      params(userId, { accessToken: 'access-2', refreshToken: 'refresh-2', scope: 'other' }),
    );
    const after = (await rowOf(database, userId))!;
    for (const name of ['id', 'tenant_id', 'connected_at'] as const) {
      expect(after[name]).toEqual(before[name]);
    }
    expect(after).toMatchObject({ scope: 'other', key_version: 1, refreshing_at: null });
    expect(after.updated_at > before.updated_at).toBe(true);
    expect(await tokensOf(database, userId)).toEqual({
      accessToken: 'access-2',
      refreshToken: 'refresh-2',
    });
  });

  it('never moves a user to another tenant', async () => {
    const userId = someUser();
    await keep.gmail.upsertGmailTokens(params(userId));
    const before = await allRows(database);
    await expect(
      keep.gmail.upsertGmailTokens(params(userId, { tenantId: 'tenant-2', accessToken: 'new' })),
    ).rejects.toMatchObject({
      name: 'TenantMismatchError',
      code: 'ERR_TOKENKEEP_TENANT_MISMATCH',
      retryable: false,
    });
    expect(await allRows(database)).toEqual(before);
  });

  it('at the same moment as the first leaves one row', async () => {
    const userId = someUser();
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        keep.gmail.upsertGmailTokens(params(userId, { accessToken: `access-${index}` })),
      ),
    );
    const rows = (await allRows(database)).filter((row) => row.user_id === userId);
    expect(rows).toHaveLength(1);
  });
});

describe('a user without a row', () => {
  it('is null, false, and nothing to delete', async () => {
    const userId = someUser();
    expect(await keep.gmail.getGmailTokenDecrypted(userId)).toBeNull();
    expect(await keep.gmail.hasActiveGmailConnection(userId)).toBe(false);
    expect(await keep.gmail.deleteGmailTokens(userId)).toBeUndefined();
  });

  it('is what is left after a delete, of that user only', async () => {
    const [gone, kept] = [someUser(), someUser()];
    for (const userId of [gone, kept]) await keep.gmail.upsertGmailTokens(params(userId));
    expect(await keep.gmail.hasActiveGmailConnection(gone)).toBe(true);
    await keep.gmail.deleteGmailTokens(gone);
    expect(await keep.gmail.getGmailTokenDecrypted(gone)).toBeNull();
    expect(await keep.gmail.hasActiveGmailConnection(gone)).toBe(false);
    expect(await keep.gmail.hasActiveGmailConnection(kept)).toBe(true);
  });
});

describe('a row that somebody else changes', () => {
  it('is waited for, and the error names an open transaction of the application itself', async () => {
    const userId = await insertRow(database);
    await database.client.query('BEGIN');
    await database.client.query('SELECT 1 FROM gmail_tokens WHERE user_id = $1 FOR UPDATE', [
      userId,
    ]);
    const scaled = keepOn(database, { limitsDivisor: 10 });
    try {
      await expect(scaled.gmail.deleteGmailTokens(userId)).rejects.toMatchObject({
        name: 'RowLockedError',
        code: 'ERR_TOKENKEEP_ROW_LOCKED',
        retryable: true,
        message: expect.stringContaining('open transaction'),
      });
    } finally {
      await database.client.query('ROLLBACK');
    }
    await scaled.gmail.deleteGmailTokens(userId);
    expect(await rowOf(database, userId)).toBeUndefined();
    await scaled.close();
  });
});

describe('a foreign key that refuses', () => {
  it('is a DatabaseError that names the constraint and prints no row', async () => {
    await database.client.query(
      `CREATE TABLE tenants (id text PRIMARY KEY);
       ALTER TABLE gmail_tokens ADD CONSTRAINT gmail_tokens_tenant_id_tenants_id_fk
         FOREIGN KEY (tenant_id) REFERENCES tenants NOT VALID`,
    );
    try {
      const error = await failureOf(keep.gmail.upsertGmailTokens(params(someUser())));
      expect(error).toMatchObject({
        name: 'DatabaseError',
        sqlstate: '23503',
        constraint: 'gmail_tokens_tenant_id_tenants_id_fk',
        retryable: false,
      });
      expect(printed(error)).not.toMatch(/tenant-1|user-/);
    } finally {
      await database.client.query('DROP TABLE tenants CASCADE');
    }
  });
});

describe('after close()', () => {
  it('an instance of its own refuses, as often as it is closed', async () => {
    expect(await keep.close()).toBe(true);
    expect(await keep.close()).toBe(true);
    const closed = { name: 'ClosedError', code: 'ERR_TOKENKEEP_CLOSED', retryable: false };
    await expect(keep.gmail.getGmailTokenDecrypted('u')).rejects.toMatchObject(closed);
    await expect(keep.gmail.getValidGmailToken('u')).rejects.toMatchObject(closed);
    await expect(keep.gmail.hasActiveGmailConnection('u')).rejects.toMatchObject(closed);
    await expect(keep.gmail.deleteGmailTokens('u')).rejects.toMatchObject(closed);
    await expect(keep.gmail.upsertGmailTokens(params('u'))).rejects.toMatchObject(closed);
    await expect(keep.migrate({ stores: ['gmail'] })).rejects.toMatchObject(closed);
  });

  it('the functions of the seed open another instance', async () => {
    process.env['DATABASE_URL'] = database.url;
    expect(await gmail.hasActiveGmailConnection('nobody')).toBe(false);
    expect(await close()).toBe(true);
    expect(await gmail.hasActiveGmailConnection('nobody')).toBe(false);
    expect(await close()).toBe(true);
    expect(await close()).toBe(true);
  });
});
