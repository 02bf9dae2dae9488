/** A refusal that may concern one row stays with that row: it costs no other user anything. */

import { beforeEach, describe, expect, it } from 'vitest';
import { failureOf, until } from '../helpers/promises';
import { expire } from '../helpers/rows';
import { type User, useScene } from '../helpers/scene';
import { endPauses, stateOf } from '../helpers/states';

const scene = useScene();
let refused: User;

/** Of all refresh tokens only that of `refused` is refused, for ever. */
function refusedWith(status: number, error: string): void {
  scene.endpoint.script(({ refreshToken }) =>
    refreshToken === refused.refreshToken ? { status, body: { error } } : undefined,
  );
}

const sentOf = (user: User) =>
  scene.endpoint.requests.filter(({ refreshToken }) => refreshToken === user.refreshToken).length;

beforeEach(async () => {
  refused = await scene.user();
});

describe.each([
  // Atlassian's for a dead refresh token, Google's for another client's, Microsoft's for a tenant.
  ['unauthorized_client', 403],
  ['unauthorized_client', 401],
  ['unauthorized_client', 400],
  ['invalid_scope', 400],
])('%s with status %i for one of 41 users', (code, status) => {
  it('serves all others, and asks for that one less and less', async () => {
    const users = await Promise.all(Array.from({ length: 40 }, () => scene.user()));
    refusedWith(status, code);
    const keep = scene.keep();
    const valid = (user: User) => keep.gmail.getValidGmailToken(user.id);
    const calls = [refused, ...users].map((user) => valid(user).catch((error) => error));
    const [failure, ...tokens] = await Promise.all(calls);
    expect(failure).toMatchObject({
      name: 'ProviderRefusedError',
      code: 'ERR_TOKENKEEP_PROVIDER_REFUSED',
      retryable: false,
      message: `Token refresh failed: ${status} - ${code}`,
    });
    for (const token of tokens) expect(token.accessToken).toMatch(/^access-/);
    expect(scene.endpoint.requests).toHaveLength(41);

    // One that comes after the refusal is served, too; the refused one is not asked for again.
    const later = await scene.user();
    await valid(later);
    for (let call = 0; call < 20; call++) {
      expect(await failureOf(valid(refused))).toMatchObject({ message: failure.message });
    }
    expect(sentOf(refused)).toBe(1);
    expect(await scene.tokens(refused)).toMatchObject({ refreshToken: refused.refreshToken });
  });
});

it('the pause until such a row is asked for again doubles, from a minute to an hour', async () => {
  refusedWith(400, 'invalid_scope');
  const pauses: number[] = [];
  for (let time = 0; time < 9; time++) {
    const keep = scene.keep();
    await failureOf(keep.gmail.getValidGmailToken(refused.id));
    await keep.close();
    pauses.push(
      Math.round((await stateOf(scene.database, 'gmail', [refused.id]))!.pauseMs! / 1_000),
    );
    await passes(pauses.at(-1)!);
  }
  expect(pauses).toEqual([60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]);
  expect(sentOf(refused)).toBe(9);
});

/** Has so many seconds passed since the last refusal. */
async function passes(seconds: number): Promise<void> {
  await scene.database.client.query(
    `UPDATE tokenkeep.refresh_state SET failed_at = failed_at - $1 * interval '1 second',
       retry_at = retry_at - $1 * interval '1 second'`,
    [seconds],
  );
}

it('a success of such a row clears its refusals: the next pause is a minute again', async () => {
  refusedWith(400, 'invalid_scope');
  for (let time = 0; time < 3; time++) {
    const keep = scene.keep();
    await failureOf(keep.gmail.getValidGmailToken(refused.id));
    await keep.close();
    await endPauses(scene.database);
  }
  expect(await stateOf(scene.database, 'gmail', [refused.id])).toMatchObject({ failures: 3 });
  scene.endpoint.script([{ rotate: false }]);
  const keep = scene.keep();
  await keep.gmail.getValidGmailToken(refused.id);
  await keep.close();
  expect(await stateOf(scene.database, 'gmail', [refused.id])).toMatchObject({
    failures: 0,
    error_code: null,
    pauseMs: null,
  });
});

it('a success clears the refusals that another instance got since the last one', async () => {
  const [one, other] = [scene.keep(), scene.keep()];
  await one.gmail.getValidGmailToken(refused.id);
  await until(async () => (await stateOf(scene.database, 'gmail', [refused.id]))?.client);
  await expire(scene.database, refused.id);
  scene.endpoint.script([{ status: 400, body: { error: 'invalid_scope' } }]);
  await failureOf(other.gmail.getValidGmailToken(refused.id));
  await other.close();
  expect(await stateOf(scene.database, 'gmail', [refused.id])).toMatchObject({ failures: 1 });
  await endPauses(scene.database);
  scene.endpoint.script([]);
  await one.gmail.getValidGmailToken(refused.id);
  await one.close();
  expect(await stateOf(scene.database, 'gmail', [refused.id])).toMatchObject({
    failures: 0,
    error_code: null,
  });
});
