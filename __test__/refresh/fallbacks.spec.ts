/** What a caller gets while refreshes fail. */

import { describe, expect, it } from 'vitest';
import { failureOf } from '../helpers/promises';
import { allRows } from '../helpers/rows';
import { SCALED, type User, useScene } from '../helpers/scene';

const scene = useScene();

/** What a user's call is rejected with. */
const failureOfUser = (keep: ReturnType<typeof scene.keep>, user: User) =>
  failureOf(keep.gmail.getValidGmailToken(user.id));

describe('a token with over a minute left', () => {
  it.each([
    ['invalid_client', { status: 401, body: { error: 'invalid_client' } }],
    ['429', { status: 429 }],
    ['500', { status: 500 }],
    ['a refusal', { status: 400, body: { error: 'invalid_scope' } }],
    ['a redirect', { redirect: 'http://127.0.0.1:1/' }],
    ['a lost answer', { drop: 'after' }],
    ['no JSON', { status: 200, body: 'no' }],
    ['silence', { hang: true }],
  ] as const)('is returned in the place of an error after %s', async (_, step) => {
    // A tenth of the limits: six seconds would be usable.
    const user = await scene.user({ left: 29 });
    scene.endpoint.script(() => step);
    const keep = scene.keep(SCALED);
    const token = await keep.gmail.getValidGmailToken(user.id);
    expect(token).toMatchObject({ accessToken: user.accessToken });
    expect(scene.endpoint.requests.length).toBeGreaterThan(0);
    // Once it is spent there is nothing to be given.
    await scene.database.client.query(
      'UPDATE gmail_tokens SET expires_at = clock_timestamp() WHERE user_id = $1',
      [user.id],
    );
    expect((await failureOfUser(keep, user)).code).toMatch(/^ERR_TOKENKEEP_/);
  });

  it('is returned in the place of an error when GOOGLE_CLIENT_ID is missing', async () => {
    const user = await scene.user({ left: 100 });
    const keep = scene.keep({ googleClientId: '' });
    expect(await keep.gmail.getValidGmailToken(user.id)).toMatchObject({
      accessToken: user.accessToken,
    });
  });
});

describe('failures', () => {
  it('do not become a storm of requests when the caller asks in a loop', async () => {
    const user = await scene.user();
    scene.endpoint.script(() => ({ status: 400, body: { error: 'invalid_scope' } }));
    const keep = scene.keep();
    for (let call = 0; call < 200; call++) {
      expect((await failureOfUser(keep, user)).name).toBe('ProviderRefusedError');
    }
    // Pauses double from an eighth of a second on: a minute has room for nine.
    expect(scene.endpoint.requests.length).toBeLessThanOrEqual(12);
  });

  it('of one user do not delay another, nor a user who has connected again', async () => {
    const [user, other] = [await scene.user(), await scene.user()];
    scene.endpoint.script([{ status: 429, headers: { 'retry-after': '600' } }]);
    const keep = scene.keep();
    await failureOfUser(keep, user);
    await expect(keep.gmail.getValidGmailToken(other.id)).resolves.toBeDefined();
    const again = scene.endpoint.issue();
    await keep.gmail.upsertGmailTokens({
      userId: user.id,
      tenantId: 'tenant-1',
      ...again,
      expiresAt: new Date(0),
      scope: '',
    });
    await expect(keep.gmail.getValidGmailToken(user.id)).resolves.toBeDefined();
  });

  it('to open the row send nothing', async () => {
    const user = await scene.user({ key: '99'.repeat(32) });
    const before = await allRows(scene.database);
    expect(await failureOfUser(scene.keep(), user)).toMatchObject({ name: 'DecryptionError' });
    expect(scene.endpoint.requests).toHaveLength(0);
    expect(await allRows(scene.database)).toEqual(before);
  });
});
