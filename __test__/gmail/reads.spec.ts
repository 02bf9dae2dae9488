/** Reading rows: whoever sealed them, and however many ask at once. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TokenKeep } from '../../dist/index.js';
import { KEY, OTHER_KEY, type TestDatabase, gmailDatabase, keepOn } from '../helpers/database';
import { allRows, insertRow, insertRows, params, someUser } from '../helpers/rows';
import { seal } from '../helpers/gmail-format';

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

describe('a row that an old instance sealed', () => {
  it.each([
    ['with its default version', 1, KEY],
    ['with a version that names no key', 99, KEY],
    ['with a version that names the wrong key', 2, KEY],
    ['with the new key, under the default version', 1, OTHER_KEY],
  ])('opens %s', async (_, keyVersion, key) => {
    const userId = await insertRow(database, { keyVersion, key, left: 3_600 });
    const ring = keepOn(database, { gmailEncryptionKey: `2:${OTHER_KEY},1:${KEY}` });
    try {
      for (const token of [
        await ring.gmail.getGmailTokenDecrypted(userId),
        await ring.gmail.getValidGmailToken(userId),
      ]) {
        expect(token).toMatchObject({ accessToken: 'access-old', refreshToken: 'refresh-old' });
      }
    } finally {
      await ring.close();
    }
  });

  it('opens when its two texts were sealed with two keys', async () => {
    const userId = await insertRow(database);
    await database.client.query(
      'UPDATE gmail_tokens SET encrypted_access_token = $2 WHERE user_id = $1',
      [userId, seal('access-new', OTHER_KEY)],
    );
    const ring = keepOn(database, { gmailEncryptionKey: `1:${KEY},2:${OTHER_KEY}` });
    expect(await ring.gmail.getGmailTokenDecrypted(userId)).toMatchObject({
      accessToken: 'access-new',
      refreshToken: 'refresh-old',
    });
    await ring.close();
  });

  it('that no key opens is an error, never plaintext and never "not connected"', async () => {
    const wrongKey = await insertRow(database, { key: OTHER_KEY });
    const plaintext = await insertRow(database);
    await database.client.query(
      `UPDATE gmail_tokens SET encrypted_access_token = 'ya29.plaintext' WHERE user_id = $1`,
      [plaintext],
    );
    const before = await allRows(database);
    for (const userId of [wrongKey, plaintext]) {
      for (const call of [keep.gmail.getGmailTokenDecrypted, keep.gmail.getValidGmailToken]) {
        await expect(call.call(keep.gmail, userId)).rejects.toMatchObject({
          name: 'DecryptionError',
          code: 'ERR_TOKENKEEP_DECRYPTION',
        });
      }
      // Nothing has to be opened to know whether there is a row.
      expect(await keep.gmail.hasActiveGmailConnection(userId)).toBe(true);
    }
    expect(await allRows(database)).toEqual(before);
  });

  it('does not spoil the reads that it is combined with', async () => {
    const bad = await insertRow(database, { key: OTHER_KEY });
    const good = await insertRows(database, 20);
    const settled = await Promise.allSettled(
      [...good, bad].map((userId) => keep.gmail.getGmailTokenDecrypted(userId)),
    );
    expect(settled.map((call) => call.status)).toEqual([
      ...good.map(() => 'fulfilled'),
      'rejected',
    ]);
  });
});

describe('combined reads', () => {
  it('give everyone their own row, in an object of their own', async () => {
    const users = Array.from({ length: 50 }, someUser);
    await Promise.all(
      users.map((userId) =>
        keep.gmail.upsertGmailTokens(params(userId, { accessToken: `access-of-${userId}` })),
      ),
    );
    const absent = someUser();
    const asked = Array.from({ length: 500 }, (_, call) => users[(call * 7) % 50]!);
    const [tokens, nothing] = await Promise.all([
      Promise.all(asked.map((userId) => keep.gmail.getGmailTokenDecrypted(userId))),
      keep.gmail.getGmailTokenDecrypted(absent),
    ]);
    expect(nothing).toBeNull();
    tokens.forEach((token, call) => {
      expect(token).toMatchObject({ userId: asked[call], accessToken: `access-of-${asked[call]}` });
    });
    expect(new Set(tokens).size).toBe(500);
    expect(new Set(tokens.map((token) => token!.expiresAt)).size).toBe(500);
    const same = tokens.filter((token) => token!.userId === users[0]);
    same[0]!.accessToken = 'altered';
    same[0]!.expiresAt.setTime(0);
    expect(same[1]).toMatchObject({ accessToken: `access-of-${users[0]}` });
    expect(Number(same[1]!.expiresAt)).toBeGreaterThan(0);
  });

  it('see what was written before them', async () => {
    const userId = someUser();
    for (let round = 0; round < 30; round++) {
      const accessToken = `access-${round}`;
      await keep.gmail.upsertGmailTokens(params(userId, { accessToken }));
      const seen = await Promise.all(
        Array.from({ length: 4 }, () => keep.gmail.getGmailTokenDecrypted(userId)),
      );
      for (const token of seen) expect(token!.accessToken).toBe(accessToken);
    }
  });
});
