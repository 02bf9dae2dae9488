/** Several real processes on one row, and what a dead one leaves behind. */

import { describe, expect, it } from 'vitest';
import { KEY } from '../helpers/database';
import { endPauses } from '../helpers/states';
import { Caller, endCallersAfterEach } from '../helpers/processes';
import { until } from '../helpers/promises';
import { SCALED, type User, useScene } from '../helpers/scene';

const scene = useScene();
endCallersAfterEach();

const start = (options = {}) =>
  Caller.start({
    databaseUrl: scene.database.url,
    gmailEncryptionKey: KEY,
    googleClientId: 'client',
    googleClientSecret: 'secret',
    googleTokenUrl: scene.endpoint.url,
    ...options,
  });

/** Sets the lease of a row to so many seconds ago; negative: in the future. */
const setLease = (user: User, secondsAgo: number) =>
  scene.database.client.query(
    `UPDATE gmail_tokens SET refreshing_at = clock_timestamp() - $2 * interval '1 second'
     WHERE user_id = $1`,
    [user.id, secondsAgo],
  );

/** By the clock of this machine, which runs the endpoint, too. */
const firstRequestAfter = (start: number) => scene.endpoint.requests[0]!.at - start;

describe('four processes with fifty callers each', () => {
  it.each([
    ['at once', 0],
    ['after a second', 1_000],
  ])('send one request to an endpoint that answers %s', async (_, delayMs) => {
    const user = await scene.user();
    scene.endpoint.script(() => ({ delayMs }));
    const processes = await Promise.all([start(), start(), start(), start()]);
    const answers = await Promise.all(processes.map((process) => process.call(user.id, 50)));
    expect(scene.endpoint.requests).toHaveLength(1);
    expect(new Set(answers.flat())).toEqual(new Set([(await scene.tokens(user))!.accessToken]));
  });

  it('all learn that the grant is dead from one request', async () => {
    await scene.knownClient();
    const user = await scene.user();
    scene.endpoint.script(() => ({ status: 400, body: { error: 'invalid_grant' }, delayMs: 300 }));
    const processes = await Promise.all([start(), start(), start(), start()]);
    const answers = await Promise.all(processes.map((process) => process.call(user.id, 50)));
    expect(scene.endpoint.requests).toHaveLength(1);
    for (const answer of answers.flat()) {
      expect(answer).toMatch(/^failed: Gmail(TokenRevoked|NotConnected)Error/);
    }
    expect(await scene.row(user)).toBeUndefined();
  });
});

describe('a process that is killed in the middle of a refresh', () => {
  it('is followed by another one, after its lease and the grace, with one request', async () => {
    const user = await scene.user();
    scene.endpoint.script([{ hang: 'before' }]);
    const holder = await start(SCALED);
    void holder.call(user.id);
    await scene.requests(1);
    await holder.kill();
    const keeps = [scene.keep(SCALED), scene.keep(SCALED)];
    const tokens = await Promise.all(keeps.map((keep) => keep.gmail.getValidGmailToken(user.id)));
    expect(scene.endpoint.requests).toHaveLength(2);
    expect(new Set(tokens.map((token) => token.accessToken)).size).toBe(1);
    expect(await scene.tokens(user)).toMatchObject({ refreshToken: tokens[0]!.refreshToken });
    expect((await scene.row(user))!.refreshing_at).toBeNull();
  });

  it('with a usable token costs nobody anything', async () => {
    const user = await scene.user({ left: 25 });
    scene.endpoint.script([{ hang: 'before' }]);
    const holder = await start(SCALED);
    void holder.call(user.id);
    await scene.requests(1);
    await holder.kill();
    const keep = scene.keep({ limitsDivisor: 10, waitMs: 50 });
    const token = await keep.gmail.getValidGmailToken(user.id);
    expect(token.accessToken).toBe(user.accessToken);
  });
});

describe('an expired lease', () => {
  it('is taken over only after it was watched for the grace', async () => {
    const user = await scene.user({ leaseAge: 3_600 });
    const began = Date.now();
    await scene.keep(SCALED).gmail.getValidGmailToken(user.id);
    expect(scene.endpoint.requests).toHaveLength(1);
    expect(firstRequestAfter(began)).toBeGreaterThanOrEqual(490);
  });

  it('that is not quite expired is respected until it is', async () => {
    const user = await scene.user({ leaseAge: 1.5 });
    const began = Date.now();
    await scene.keep(SCALED).gmail.getValidGmailToken(user.id);
    expect(firstRequestAfter(began)).toBeGreaterThanOrEqual(1_500 + 490);
  });

  it('that changes while it is watched is watched anew', async () => {
    const user = await scene.user({ leaseAge: 100 });
    const call = scene.keep(SCALED).gmail.getValidGmailToken(user.id);
    await setLease(user, 50);
    const changed = Date.now();
    await call;
    expect(firstRequestAfter(changed)).toBeGreaterThanOrEqual(490);
  });

  it('of an hour in the future is respected for one lease, then taken', async () => {
    const user = await scene.user({ leaseAge: -3_600 });
    const began = Date.now();
    const token = await scene.keep(SCALED).gmail.getValidGmailToken(user.id);
    expect(token.accessToken).not.toBe(user.accessToken);
    expect(firstRequestAfter(began)).toBeGreaterThanOrEqual(2_990);
    expect((await scene.row(user))!.refreshing_at).toBeNull();
  });

  it('of a mixed fleet is watched for a whole lease, for the clock of the other may be slow', async () => {
    const user = await scene.user();
    await scene.database.client.query(
      `UPDATE gmail_tokens SET updated_at = clock_timestamp() - interval '1 hour',
         refreshing_at = clock_timestamp() - interval '10 seconds' WHERE user_id = $1`,
      [user.id],
    );
    const began = Date.now();
    await scene.keep({ ...SCALED, mixedFleet: true }).gmail.getValidGmailToken(user.id);
    expect(firstRequestAfter(began)).toBeGreaterThanOrEqual(2_990);
  });
});

describe('a row in doubt', () => {
  const invalid = { status: 400, body: { error: 'invalid_grant' } };

  it('lets nobody delete the row while the lost answer may still be stored', async () => {
    await scene.knownClient();
    const user = await scene.user();
    // The endpoint rotated and the answer was lost: what comes back spent is invalid_grant.
    scene.endpoint.script([{ drop: 'after' }]);
    const keep = scene.keep(SCALED);
    const fails = (name: string) =>
      expect(keep.gmail.getValidGmailToken(user.id)).rejects.toMatchObject({ name });
    await fails('RefreshOutcomeUnknownError');
    const lost = (await scene.row(user))!.refreshing_at!;
    await until(async () => {
      await fails('RefreshOutcomeUnknownError');
      return scene.endpoint.requests.length === 2;
    });
    expect(scene.endpoint.requests[1]!.status).toBe(400);
    // The mark of the lost answer is put back: it outlives every process.
    expect((await scene.row(user))!.refreshing_at).toEqual(lost);
    expect(await scene.tokens(user)).toMatchObject({ refreshToken: user.refreshToken });

    // Ten minutes later, a tenth of them here, nobody can hold the answer any more.
    await setLease(user, 61);
    await keep.close();
    await endPauses(scene.database);
    const other = scene.keep(SCALED);
    await expect(other.gmail.getValidGmailToken(user.id)).rejects.toMatchObject({
      name: 'GmailTokenRevokedError',
    });
    expect(await scene.row(user)).toBeUndefined();
  });

  it('is put back by every other failure, too', async () => {
    const user = await scene.user({ leaseAge: 40 });
    const expired = (await scene.row(user))!.refreshing_at!;
    scene.endpoint.script([{ status: 429 }]);
    await expect(scene.keep(SCALED).gmail.getValidGmailToken(user.id)).rejects.toMatchObject({
      name: 'ProviderThrottledError',
    });
    expect((await scene.row(user))!.refreshing_at).toEqual(expired);
    scene.endpoint.script([invalid]);
    await expect(scene.keep(SCALED).gmail.getValidGmailToken(user.id)).rejects.toMatchObject({
      name: 'RefreshOutcomeUnknownError',
    });
    expect(await scene.row(user)).toBeDefined();
  });

  it('gives the usable token, and ends with a commit', async () => {
    const user = await scene.user({ left: 29, leaseAge: 40 });
    scene.endpoint.script([invalid]);
    const keep = scene.keep(SCALED);
    expect((await keep.gmail.getValidGmailToken(user.id)).accessToken).toBe(user.accessToken);
    await setLease(user, 40);
    await keep.close();
    await endPauses(scene.database);
    const next = scene.keep(SCALED);
    expect((await next.gmail.getValidGmailToken(user.id)).accessToken).not.toBe(user.accessToken);
    expect((await scene.row(user))!.refreshing_at).toBeNull();
  });

  it('ends with a reconnect', async () => {
    const user = await scene.user({ leaseAge: 3_600 });
    const keep = scene.keep();
    const again = scene.endpoint.issue();
    await keep.gmail.upsertGmailTokens({
      userId: user.id,
      tenantId: 'tenant-1',
      ...again,
      expiresAt: new Date(),
      scope: '',
    });
    scene.endpoint.script([invalid]);
    await expect(keep.gmail.getValidGmailToken(user.id)).rejects.toMatchObject({
      name: 'GmailTokenRevokedError',
    });
  });
});
