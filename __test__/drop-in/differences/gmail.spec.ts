/** Each row of docs/differences.md, on both sides where both can be asked. */

import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import * as tokenkeep from '../../../dist/index.js';
import { KEY, OTHER_KEY } from '../../helpers/database';
import { seal } from '../../helpers/gmail-format';
import { Application } from '../applications/gmail';
import { until } from '../../helpers/promises';

const MINUTE_MS = 60_000;

let app: Application;
beforeAll(async () => {
  app = await Application.start();
});
afterAll(() => app.stop());
beforeEach(() => {
  app.google.script([]);
  app.google.requests.length = 0;
});

/** An answer that is an error. */
const refusal = (error: string) => ({ status: 400, body: { error } });

/** Has `step` carried out while Google is about to answer a request. */
function duringTheRequest(step: () => Promise<unknown>, then = {}): void {
  let isFirst = true;
  app.google.script(async () => {
    if (!isFirst) return undefined;
    isFirst = false;
    await step();
    return then;
  });
}

describe('refreshing', () => {
  it('by somebody else is waited for, and the error of who gives up says so', async () => {
    const userId = await app.connectedUser();
    await app.database.client.query(
      `UPDATE gmail_tokens SET refreshing_at = clock_timestamp() WHERE user_id = $1`,
      [userId],
    );
    const old = app.old().getValidGmailToken(userId);
    await expect(app.keep({ waitMs: 300 }).gmail.getValidGmailToken(userId)).rejects.toMatchObject({
      name: 'RefreshTimeoutError',
      code: 'ERR_TOKENKEEP_REFRESH_TIMEOUT',
      retryable: true,
    });
    await expect(old).rejects.toMatchObject({ name: 'Error' });
    expect(app.google.requests).toHaveLength(0);
  });

  it('that fails gives a token with more than a minute left', async () => {
    app.google.script(() => refusal('invalid_scope'));
    const userId = await app.user();
    const consent = app.consent(userId, 4 * MINUTE_MS);
    await app.old().upsertGmailTokens(consent);
    await expect(app.old().getValidGmailToken(userId)).rejects.toThrow('invalid_scope');
    const token = await app.keep().gmail.getValidGmailToken(userId);
    expect(token).toMatchObject(consent);
    expect(app.google.requests).toHaveLength(2);

    await app.old().upsertGmailTokens({ ...consent, expiresAt: new Date(Date.now() + 50_000) });
    await expect(app.keep().gmail.getValidGmailToken(userId)).rejects.toThrow(
      tokenkeep.ProviderRefusedError,
    );
  });

  it('that has just failed is not tried again by each call', async () => {
    const userId = await app.connectedUser();
    app.google.script(() => refusal('invalid_scope'));
    const [old, { gmail }] = [app.old(), app.keep()];
    for (let call = 0; call < 20; call++) {
      await expect(old.getValidGmailToken(userId)).rejects.toThrow('invalid_scope');
    }
    expect(app.google.requests).toHaveLength(20);
    app.google.requests.length = 0;
    for (let call = 0; call < 20; call++) {
      await expect(gmail.getValidGmailToken(userId)).rejects.toThrow(
        tokenkeep.ProviderRefusedError,
      );
    }
    expect(app.google.requests.length).toBeLessThan(20);
  });

  it('with a wrong client secret touches no row and is not tried for other users', async () => {
    const [one, other] = [await app.connectedUser(), await app.connectedUser()];
    const before = await app.row(one);
    app.google.script(() => ({ status: 401, body: { error: 'invalid_client' } }));
    const { gmail } = app.keep();
    for (const userId of [one, other]) {
      await expect(gmail.getValidGmailToken(userId)).rejects.toMatchObject({
        name: 'ClientRejectedError',
        retryable: false,
      });
    }
    expect(app.google.requests).toHaveLength(1);
    expect(await app.row(one)).toEqual(before);
    await expect(app.old().getValidGmailToken(one)).rejects.toThrow('invalid_client');
    expect(app.google.requests).toHaveLength(2);
  });

  it('does not write over a reconnect', async () => {
    const forOld = await app.connectedUser();
    const reconnected = app.consent(forOld);
    duringTheRequest(() => app.old().upsertGmailTokens(reconnected));
    await app.old().getValidGmailToken(forOld);
    expect((await app.tokens(forOld))!.accessToken).not.toBe(reconnected.accessToken);

    const userId = await app.connectedUser();
    const consent = app.consent(userId);
    duringTheRequest(() => app.old().upsertGmailTokens(consent));
    expect(await app.keep().gmail.getValidGmailToken(userId)).toMatchObject(consent);
    expect(await app.tokens(userId)).toEqual({
      accessToken: consent.accessToken,
      refreshToken: consent.refreshToken,
    });
    expect(app.google.requests).toHaveLength(2);
  });

  it('gives nobody a token after a disconnect', async () => {
    const forOld = await app.connectedUser();
    duringTheRequest(() => app.old().deleteGmailTokens(forOld));
    expect(await app.old().getValidGmailToken(forOld)).toMatchObject({ userId: forOld });

    const userId = await app.connectedUser();
    duringTheRequest(() => app.old().deleteGmailTokens(userId));
    await expect(app.keep().gmail.getValidGmailToken(userId)).rejects.toThrow(
      tokenkeep.GmailNotConnectedError,
    );
    expect(await app.row(userId)).toBeUndefined();
  });

  it('deletes only the row that still has the refused refresh token', async () => {
    const forOld = await app.connectedUser();
    duringTheRequest(
      () => app.old().upsertGmailTokens(app.consent(forOld)),
      refusal('invalid_grant'),
    );
    await expect(app.old().getValidGmailToken(forOld)).rejects.toThrow('revoked');
    expect(await app.row(forOld)).toBeUndefined();

    const userId = await app.connectedUser();
    duringTheRequest(
      () => app.old().upsertGmailTokens(app.consent(userId)),
      refusal('invalid_grant'),
    );
    const token = await app.keep().gmail.getValidGmailToken(userId);
    expect(token).toMatchObject((await app.tokens(userId))!);
    expect(app.google.isAlive(token.refreshToken)).toBe(true);
  });

  it('asks nobody when there is no refresh token', async () => {
    const userId = await app.user();
    await app.old().upsertGmailTokens({ ...app.consent(userId, -1_000), refreshToken: '' });
    await expect(app.keep().gmail.getValidGmailToken(userId)).rejects.toThrow(
      tokenkeep.RefreshTokenMissingError,
    );
    expect(app.google.requests).toHaveLength(0);
    await expect(app.old().getValidGmailToken(userId)).rejects.toThrow('revoked');
    expect(app.google.requests).toHaveLength(1);
  });
});

describe('refreshFn', () => {
  const answer = { accessToken: 'access-new', expiryDate: Date.now() + 60 * MINUTE_MS };

  it('runs once for all callers, with a signal, and is the one of whoever came first', async () => {
    const userId = await app.connectedUser();
    const { gmail } = app.keep();
    let answers = () => {};
    const mayAnswer = new Promise<void>((resolve) => (answers = resolve));
    const first = vi.fn(async () => mayAnswer.then(() => answer));
    const token = gmail.getValidGmailToken(userId, first);
    await until(() => first.mock.calls.length > 0);
    const later = vi.fn(async () => answer);
    const tokens = Array.from({ length: 5 }, () => gmail.getValidGmailToken(userId, later));
    answers();
    for (const shared of await Promise.all(tokens)) expect(shared).toEqual(await token);
    expect(first.mock.calls).toEqual([[expect.any(String), { signal: expect.any(AbortSignal) }]]);
    expect(later).not.toHaveBeenCalled();
  });

  it('that answers after its time limit is stored all the same', async () => {
    const userId = await app.connectedUser();
    const { gmail } = app.keep({ limitsDivisor: 10 });
    let isRefused = false;
    let wasAborted = false;
    const token = gmail.getValidGmailToken(userId, async (_, { signal }) => {
      await until(() => isRefused && signal.aborted);
      wasAborted = true;
      return answer;
    });
    await expect(token).rejects.toThrow(tokenkeep.RefreshOutcomeUnknownError);
    isRefused = true;
    await until(() => wasAborted);
    await until(async () => (await app.tokens(userId))!.accessToken === 'access-new');
  });

  it('that throws is the cause', async () => {
    const userId = await app.connectedUser();
    const thrown = new Error('out of order');
    const refreshFn = async () => Promise.reject(thrown);
    const { gmail } = app.keep();
    const error = await gmail.getValidGmailToken(userId, refreshFn).catch((error) => error);
    expect(error).toBeInstanceOf(tokenkeep.RefreshCallbackError);
    expect(error.cause).toBe(thrown);
    await expect(app.old().getValidGmailToken(userId, refreshFn)).rejects.toBe(thrown);
  });
});

describe('errors', () => {
  it('have a class, a code and whether to try again', async () => {
    const error = await app
      .keep()
      .gmail.getValidGmailToken('nobody')
      .catch((error) => error);
    expect(error).toBeInstanceOf(tokenkeep.GmailNotConnectedError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ code: 'ERR_TOKENKEEP_NOT_CONNECTED', retryable: false });
  });

  it('of the database do not print what was stored', async () => {
    const userId = await app.user();
    const consent = { ...app.consent(userId), userId: `${userId}-without-a-row` };
    const [old, ours] = await Promise.all(
      [app.old(), app.keep().gmail].map((store) =>
        store.upsertGmailTokens(consent).catch((error) => error),
      ),
    );
    expect(old.message).toContain(consent.userId);
    expect(ours).toBeInstanceOf(tokenkeep.DatabaseError);
    expect(ours.message).not.toContain(consent.userId);
  });

  it('refuse what the old service hands to the database', async () => {
    const userId = await app.user();
    const consent = { ...app.consent(userId), accessToken: '', scope: 's'.repeat(1_025) };
    const error = await app
      .keep()
      .gmail.upsertGmailTokens(consent)
      .catch((error) => error);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ name: 'InvalidArgumentError', argument: 'accessToken' });
    expect(await app.row(userId)).toBeUndefined();
    await app.old().upsertGmailTokens(consent);
    expect(await app.row(userId)).toBeDefined();
  });

  it('keep a user in its tenant', async () => {
    const userId = await app.connectedUser();
    const before = await app.row(userId);
    const consent = { ...app.consent(userId), tenantId: 'tenant-2' };
    await expect(app.keep().gmail.upsertGmailTokens(consent)).rejects.toThrow(
      tokenkeep.TenantMismatchError,
    );
    expect(await app.row(userId)).toEqual(before);
    await app.old().upsertGmailTokens(consent);
    expect(await app.old().getGmailTokenDecrypted(userId)).toMatchObject({
      tenantId: 'tenant-1',
      accessToken: consent.accessToken,
    });
  });

  it('say the same of whatever does not open', async () => {
    const [old, ours] = [new Set<string>(), new Set<string>()];
    for (const sealed of ['', 'a:b:c', seal('token', OTHER_KEY), seal('token').slice(0, -2)]) {
      const userId = await app.connectedUser();
      await app.database.client.query(
        'UPDATE gmail_tokens SET encrypted_access_token = $2 WHERE user_id = $1',
        [userId, sealed],
      );
      const before = await app.row(userId);
      const error = await app
        .keep()
        .gmail.getValidGmailToken(userId)
        .catch((error) => error);
      expect(error).toBeInstanceOf(tokenkeep.DecryptionError);
      ours.add(error.message);
      expect(await app.row(userId)).toEqual(before);
      await app
        .old()
        .getValidGmailToken(userId)
        .catch((error) => old.add(error.message));
    }
    expect(ours.size).toBe(1);
    expect(old.size).toBeGreaterThan(1);
  });
});

describe('what is stored', () => {
  it('is sealed anew by each refresh, both tokens', async () => {
    app.google.script(() => ({ rotate: false }));
    const userId = await app.connectedUser();
    const first = await app.row(userId);
    await app.old().getValidGmailToken(userId);
    const second = await app.row(userId);
    expect(second!.encrypted_refresh_token).toBe(first!.encrypted_refresh_token);
    await app.twoHoursPass();
    await app.keep().gmail.getValidGmailToken(userId);
    const third = await app.row(userId);
    expect(third!.encrypted_refresh_token).not.toBe(second!.encrypted_refresh_token);
    expect(third!.refreshing_at).toBeNull();
  });
});

describe('configuration', () => {
  it('has several keys, where the old service takes one', async () => {
    const keys = `1:${KEY},2:${OTHER_KEY}`;
    expect(() => app.old({ encryptionKey: keys }).encryptToken('token')).toThrow(
      'GMAIL_ENCRYPTION_KEY',
    );
    const userId = await app.connectedUser();
    const keep = app.keep({ gmailEncryptionKey: keys });
    expect(await keep.gmail.getGmailTokenDecrypted(userId)).not.toBeNull();
  });
});
