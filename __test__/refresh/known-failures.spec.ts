/**
 * Known failures of token stores, when they refresh. The number in a title is that of the section in
 * docs/internals/refresh-protocol.md; sealing/known-failures.spec.ts has those of secrets and keys.
 */

import { describe, expect, it } from 'vitest';
import { startPostgresProxy } from '../../support/postgres-proxy.mjs';
import { failing, tidedOver } from '../helpers/refresh-outcome';
import { failureOf, newGate, until } from '../helpers/promises';
import { allRows, params } from '../helpers/rows';
import { seal } from '../helpers/gmail-format';
import { SCALED, type User, useScene } from '../helpers/scene';

const scene = useScene();

const dead = { status: 400, body: { error: 'invalid_grant' } };
const refused = { status: 400, body: { error: 'invalid_scope' } };

/** Does something to a user's row by SQL; gives the row as the texts of its columns. */
async function change(user: User, assignments: string, ...values: unknown[]) {
  const { rows } = await scene.database.client.query(
    `UPDATE gmail_tokens SET ${assignments} WHERE user_id = $1 RETURNING refreshing_at::text`,
    [user.id, ...values],
  );
  return rows[0] as { refreshing_at: string | null };
}

describe('the lease', () => {
  it('is not released by a process that has lost it (trap 1)', async () => {
    const user = await scene.user();
    let theirs: string | null = null;
    scene.endpoint.script(async () => {
      const taken = await change(user, `refreshing_at = clock_timestamp() + interval '1 second'`);
      theirs = taken.refreshing_at;
      return refused;
    });
    await failureOf(scene.keep().gmail.getValidGmailToken(user.id));
    expect(theirs).not.toBeNull();
    expect((await change(user, 'scope = scope')).refreshing_at).toBe(theirs);
  });

  it('does not expire before the slowest request is over (trap 2)', async () => {
    const user = await scene.user();
    let isOver = false;
    let wasOver: boolean | undefined;
    scene.endpoint.script((_, index) => {
      if (index === 0) return { hang: 'before' };
      wasOver ??= isOver;
      return undefined;
    });
    const holder = scene.keep(SCALED).gmail.getValidGmailToken(user.id);
    const failed = failureOf(holder).finally(() => (isOver = true));
    await scene.requests(1);
    await scene.keep(SCALED).gmail.getValidGmailToken(user.id);
    expect(await failed).toMatchObject({ name: 'RefreshOutcomeUnknownError' });
    expect(wasOver).toBe(true);
  });

  it('is still needed when a caller has waited too long (trap 3)', async () => {
    const user = await scene.user();
    const answer = newGate();
    scene.endpoint.script(() => answer.opened);
    const holder = scene.keep().gmail.getValidGmailToken(user.id);
    await scene.requests(1);
    const hasty = scene.keep({ waitMs: 200 });
    for (let call = 0; call < 3; call++) {
      const error = await failureOf(hasty.gmail.getValidGmailToken(user.id));
      expect(error).toMatchObject({ name: 'RefreshTimeoutError', retryable: true });
    }
    expect(scene.endpoint.requests).toHaveLength(1);
    answer.open();
    await holder;
  });

  it('holds no transaction, row or lock while the provider answers (trap 13)', async () => {
    const user = await scene.user();
    const held: unknown[] = [];
    scene.endpoint.script(async () => {
      const { rows } = await scene.database.client.query(
        `SELECT state, xact_start, (SELECT count(*)::int FROM pg_locks WHERE pid = a.pid) AS locks
         FROM pg_stat_activity AS a
         WHERE datname = current_database() AND application_name = 'tokenkeep'`,
      );
      held.push(...rows);
      await scene.database.client.query(
        'SELECT FROM gmail_tokens WHERE user_id = $1 FOR UPDATE NOWAIT',
        [user.id],
      );
      return undefined;
    });
    await scene.keep().gmail.getValidGmailToken(user.id);
    expect(held.length).toBeGreaterThan(0);
    for (const session of held) {
      expect(session).toEqual({ state: 'idle', xact_start: null, locks: 0 });
    }
  });
});

describe('a failed refresh', () => {
  it('is no error for a caller whose stored token is still valid, nor during the pause (trap 4)', async () => {
    const user = await scene.user({ left: 250 });
    scene.endpoint.script(() => refused);
    const keep = scene.keep();
    for (let call = 0; call < 20; call++) {
      expect(await keep.gmail.getValidGmailToken(user.id)).toMatchObject({
        accessToken: user.accessToken,
      });
    }
    expect(scene.endpoint.requests.length).toBeGreaterThan(0);
  });

  it('by throttling is not permanent: the row stays, and the next refresh succeeds (trap 5)', async () => {
    const user = await scene.user();
    scene.endpoint.script([{ status: 429 }]);
    const keep = scene.keep();
    const error = await failureOf(keep.gmail.getValidGmailToken(user.id));
    expect(error).toMatchObject({ name: 'ProviderThrottledError', retryable: true });
    const call = () => keep.gmail.getValidGmailToken(user.id).catch(() => undefined);
    await until(call);
    expect(scene.endpoint.requests.map(({ status }) => status)).toEqual([429, 200]);
  });

  it("because of the application's credentials disconnects no user (trap 6)", async () => {
    for (const code of ['invalid_client', 'unauthorized_client', 'invalid_request']) {
      const users = [await scene.user(), await scene.user()];
      const before = await allRows(scene.database);
      scene.endpoint.script(() => ({ status: 401, body: { error: code } }));
      const keep = scene.keep();
      for (const user of users) {
        const error = await failureOf(keep.gmail.getValidGmailToken(user.id));
        expect(error.code).toMatch(/_(CLIENT_REJECTED|PROVIDER_REFUSED)$/);
      }
      expect(await allRows(scene.database)).toEqual(before);
    }
  });

  it.each([
    ['the code of a refusal', refused, ['invalid_scope', '400']],
    [
      'the code of a rejected client',
      { status: 401, body: { error: 'invalid_client' } },
      ['invalid_client'],
    ],
    ['the status of a refusal without a code', { status: 418, body: '' }, ['418']],
    [
      'the status of a server in trouble',
      { status: 503, headers: { 'retry-after': '60' } },
      ['503'],
    ],
    ['the status of a gateway', { status: 502 }, ['502']],
  ])('says what the provider answered: %s (trap 7)', async (_, step, words) => {
    const { error } = await failing(scene, step);
    for (const word of words) expect(error.message).toContain(word);
  });

  it('that the provider may have processed is not sent again (trap 12)', async () => {
    for (const step of [{ drop: 'after' }, { truncate: true }, { status: 504 }] as const) {
      const { user } = await failing(scene, step);
      const usable = await tidedOver(scene, step);
      // Nor by another process.
      const hasty = scene.keep({ waitMs: 100 });
      await failureOf(hasty.gmail.getValidGmailToken(user.id));
      await hasty.gmail.getValidGmailToken(usable.user.id);
    }
    const sent = scene.endpoint.requests.map(({ refreshToken }) => refreshToken);
    expect(sent).toHaveLength(6);
    expect(new Set(sent).size).toBe(6);
  });

  it('that comes after a newer success deletes no row (trap 16)', async () => {
    const user = await scene.user();
    const newer = scene.endpoint.issue();
    scene.endpoint.script(async (_, index) => {
      if (index > 0) return undefined;
      await change(
        user,
        `encrypted_access_token = $2, encrypted_refresh_token = $3, refreshing_at = NULL,
         expires_at = clock_timestamp() + interval '1 hour'`,
        seal(newer.accessToken),
        seal(newer.refreshToken),
      );
      return dead;
    });
    const token = await scene.keep().gmail.getValidGmailToken(user.id);
    expect(await scene.tokens(user)).toEqual({
      accessToken: token.accessToken,
      refreshToken: token.refreshToken,
    });
    expect(scene.endpoint.isAlive(token.refreshToken)).toBe(true);
  });

  it('that is remembered does not delay newer tokens (trap 16)', async () => {
    const user = await scene.user();
    scene.endpoint.script([{ status: 429, headers: { 'retry-after': '600' } }]);
    const keep = scene.keep();
    await failureOf(keep.gmail.getValidGmailToken(user.id));
    const newer = scene.endpoint.issue();
    await keep.gmail.upsertGmailTokens(params(user.id, { ...newer, expiresAt: new Date(0) }));
    await expect(keep.gmail.getValidGmailToken(user.id)).resolves.toBeDefined();
  });
});

describe('an answer', () => {
  it('never overwrites a reconnect (trap 10)', async () => {
    const user = await scene.user();
    const again = scene.endpoint.issue();
    scene.endpoint.script(async () => {
      const expiresAt = new Date(Date.now() + 3_600_000);
      await scene.keep().gmail.upsertGmailTokens(params(user.id, { ...again, expiresAt }));
      return undefined;
    });
    expect(await scene.keep().gmail.getValidGmailToken(user.id)).toMatchObject(again);
    expect(await scene.tokens(user)).toEqual(again);
  });

  it('is not lost when another column changes meanwhile (trap 11)', async () => {
    const user = await scene.user();
    scene.endpoint.script(async () => {
      await change(user, `scope = 'changed', updated_at = clock_timestamp(), key_version = 7`);
      return undefined;
    });
    const token = await scene.keep().gmail.getValidGmailToken(user.id);
    expect(await scene.tokens(user)).toMatchObject({ refreshToken: token.refreshToken });
    expect(scene.endpoint.isAlive(token.refreshToken)).toBe(true);
    expect((await scene.row(user))!.scope).toBe('changed');
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('is returned after it is stored (trap 14)', async () => {
    const [user, other] = [await scene.user(), await scene.user({ left: 3_600 })];
    const proxy = await startPostgresProxy(scene.database.url);
    const keep = scene.keep({ databaseUrl: proxy.url });
    let isOver = false;
    let wasOver: boolean | undefined;
    proxy.rule = async ({ step }) => {
      if (step !== 'commit') return;
      // As long as a read takes by the same way: a token that is ready would be returned before it.
      await keep.gmail.getGmailTokenDecrypted(other.id);
      wasOver = isOver;
    };
    try {
      const token = await keep.gmail.getValidGmailToken(user.id).finally(() => (isOver = true));
      expect(wasOver).toBe(false);
      expect(await scene.tokens(user)).toMatchObject({ refreshToken: token.refreshToken });
    } finally {
      await keep.close();
      await proxy.close();
    }
  });
});
