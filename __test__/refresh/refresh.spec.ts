import { describe, expect, it } from 'vitest';
import { createTokenKeep } from '../../dist/index.js';
import { startGoogle } from '../../support/google.mjs';
import { KEY } from '../helpers/database';
import { SCOPE, expire, insertRow, rowOf, tokensOf } from '../helpers/rows';
import { useScene } from '../helpers/scene';

const scene = useScene();

describe('a token that is good enough', () => {
  it('is returned without a request while more than five minutes are left', async () => {
    const user = await scene.user({ left: 330 });
    const before = await scene.row(user);
    const token = await scene.keep().gmail.getValidGmailToken(user.id);
    expect(token.accessToken).toBe(user.accessToken);
    expect(scene.endpoint.requests).toHaveLength(0);
    expect(await scene.row(user)).toEqual(before);
  });

  it('is not good enough with less than five minutes left', async () => {
    const user = await scene.user({ left: 290 });
    const token = await scene.keep().gmail.getValidGmailToken(user.id);
    expect(token.accessToken).not.toBe(user.accessToken);
    expect(scene.endpoint.requests).toHaveLength(1);
  });
});

describe('a token that has run out', () => {
  it('is exchanged with one request that says who asks for what', async () => {
    const user = await scene.user();
    const token = await scene.keep().gmail.getValidGmailToken(user.id);
    expect(scene.endpoint.requests).toMatchObject([
      {
        status: 200,
        form: {
          grant_type: 'refresh_token',
          refresh_token: user.refreshToken,
          client_id: 'client',
          client_secret: 'secret',
        },
      },
    ]);
    expect(token).toStrictEqual({
      id: expect.any(String),
      userId: user.id,
      tenantId: 'tenant-1',
      accessToken: expect.stringMatching(/^access-/),
      refreshToken: expect.stringMatching(/^refresh-/),
      expiresAt: expect.any(Date),
      scope: SCOPE,
      keyVersion: 1,
      connectedAt: expect.any(Date),
    });
    expect(token.accessToken).not.toBe(user.accessToken);
    expect(scene.endpoint.isAlive(token.refreshToken)).toBe(true);
  });

  it('leaves a row that holds the answer, sealed anew, and no lease', async () => {
    const user = await scene.user();
    const before = (await scene.row(user))!;
    const token = await scene.keep().gmail.getValidGmailToken(user.id);
    const after = (await scene.row(user))!;
    expect(await scene.tokens(user)).toEqual({
      accessToken: token.accessToken,
      refreshToken: token.refreshToken,
    });
    expect(after.expires_at).toEqual(token.expiresAt);
    expect(after.refreshing_at).toBeNull();
    expect(after.updated_at > before.updated_at).toBe(true);
    for (const name of ['id', 'tenant_id', 'scope', 'connected_at', 'key_version'] as const) {
      expect(after[name]).toEqual(before[name]);
    }
  });

  it('expires by the clock of the database: the lease and what the provider said', async () => {
    const user = await scene.user();
    const lease = () =>
      scene.database.client.query('SELECT refreshing_at FROM gmail_tokens WHERE user_id = $1', [
        user.id,
      ]);
    let leasedAt = 0;
    scene.endpoint.script(async () => {
      leasedAt = Number((await lease()).rows[0].refreshing_at);
      return undefined;
    });
    const token = await scene.keep().gmail.getValidGmailToken(user.id);
    expect(Number(token.expiresAt)).toBe(leasedAt + 3_600_000);
  });

  it('is refreshed again and again with the refresh token that the last answer brought', async () => {
    const user = await scene.user();
    const keep = scene.keep();
    const seen = new Set([user.accessToken]);
    for (let round = 0; round < 4; round++) {
      await expire(scene.database, user.id);
      seen.add((await keep.gmail.getValidGmailToken(user.id)).accessToken);
    }
    expect(seen.size).toBe(5);
    expect(scene.endpoint.requests.map((request) => request.status)).toEqual([200, 200, 200, 200]);
  });

  it('is sealed with the first key of the ring, whichever key sealed it before', async () => {
    const user = await scene.user();
    const newKey = '33'.repeat(32);
    const keep = scene.keep({ gmailEncryptionKey: `7:${newKey},1:${KEY}` });
    const token = await keep.gmail.getValidGmailToken(user.id);
    expect(token.keyVersion).toBe(7);
    expect((await scene.row(user))!.key_version).toBe(7);
    expect(await tokensOf(scene.database, user.id, newKey)).toMatchObject({
      accessToken: token.accessToken,
    });
  });

  it('without a refresh token sends nothing and says so, but is given while it is usable', async () => {
    const spent = await scene.user({ refreshToken: '' });
    const usable = await scene.user({ refreshToken: '', left: 100 });
    const keep = scene.keep();
    await expect(keep.gmail.getValidGmailToken(spent.id)).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_REFRESH_TOKEN_MISSING',
      name: 'RefreshTokenMissingError',
      retryable: false,
    });
    const token = await keep.gmail.getValidGmailToken(usable.id);
    expect(token).toMatchObject({ accessToken: usable.accessToken, refreshToken: '' });
    expect(scene.endpoint.requests).toHaveLength(0);
  });

  it('of a user who never connected is GmailNotConnectedError', async () => {
    await expect(scene.keep().gmail.getValidGmailToken('nobody')).rejects.toMatchObject({
      name: 'GmailNotConnectedError',
      code: 'ERR_TOKENKEEP_NOT_CONNECTED',
    });
  });
});

describe('a provider whose tokens are short-lived', () => {
  it('is served when they live shorter than the buffer, with a request a call', async () => {
    const user = await scene.user();
    scene.endpoint.script(() => ({ body: (usual) => ({ ...usual, expires_in: 120 }) }));
    const keep = scene.keep();
    const first = await keep.gmail.getValidGmailToken(user.id);
    const second = await keep.gmail.getValidGmailToken(user.id);
    expect(second.accessToken).not.toBe(first.accessToken);
    expect(scene.endpoint.requests).toHaveLength(2);
  });

  it('is served when they live shorter than a minute', async () => {
    const user = await scene.user();
    scene.endpoint.script(() => ({ body: (usual) => ({ ...usual, expires_in: '45' }) }));
    const keep = scene.keep();
    const tokens = await Promise.all(
      Array.from({ length: 10 }, () => keep.gmail.getValidGmailToken(user.id)),
    );
    const distinct = new Set(tokens.map((token) => token.accessToken));
    expect(distinct).not.toContain(user.accessToken);
    // Whoever asks after an answer was stored is a caller of its own: it is not fresh.
    expect(distinct.size).toBeLessThanOrEqual(scene.endpoint.requests.length);
  });
});

describe('a real OAuth server that rotates and detects reuse', () => {
  it('gets one request from a storm of callers, and a revoked grant deletes the row', async () => {
    const google = await startGoogle();
    const connection = await google.connect();
    const userId = await insertRow(scene.database, connection);
    const keep = createTokenKeep({
      databaseUrl: scene.database.url,
      gmailEncryptionKey: KEY,
      googleClientId: google.clientId,
      googleClientSecret: google.clientSecret,
      googleTokenUrl: google.tokenUrl,
    });
    try {
      const tokens = await Promise.all(
        Array.from({ length: 50 }, () => keep.gmail.getValidGmailToken(userId)),
      );
      expect(new Set(tokens.map((token) => token.accessToken)).size).toBe(1);
      expect(google.tokenRequests()).toBe(1);
      await google.revoke(tokens[0]!.refreshToken);
      await expire(scene.database, userId);
      await expect(keep.gmail.getValidGmailToken(userId)).rejects.toMatchObject({
        name: 'GmailTokenRevokedError',
      });
      expect(await rowOf(scene.database, userId)).toBeUndefined();
    } finally {
      await keep.close();
      await google.close();
    }
  });
});
