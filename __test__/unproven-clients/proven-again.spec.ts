/** A client that was not believed, and then refreshes a row: what waited for that waits no longer. */

import { expect, it } from 'vitest';
import { failureOf } from '../helpers/promises';
import { INVALID_GRANT, STORES, useScene } from './scene';

const scene = useScene();

it.each(STORES)(
  'marks a revoked row of the %s store at once, in the same instance',
  async (store) => {
    const [dead, alive] = await scene.oldUsers(store, 2);
    const application = scene.application();
    scene.endpoint.script(({ refreshToken }) =>
      refreshToken === dead!.refreshToken ? INVALID_GRANT : undefined,
    );
    const unproven = { code: 'ERR_TOKENKEEP_CLIENT_UNPROVEN', reason: 'never_refreshed' };
    expect(await failureOf(application.valid(dead!))).toMatchObject(unproven);
    // Within the pause nobody is asked again.
    expect(await failureOf(application.valid(dead!))).toMatchObject(unproven);
    expect(scene.endpoint.requests).toHaveLength(1);
    expect(await application.valid(alive!)).toMatch(/^access-/);
    expect(await failureOf(application.valid(dead!))).toMatchObject({
      code: 'ERR_TOKENKEEP_REVOKED',
    });
    expect(scene.endpoint.requests).toHaveLength(3);
  },
);

it('refreshes the rows of a mass of refusals at once, in another instance, too', async () => {
  const application = scene.application();
  const users = await scene.users('gmail', 12, application);
  scene.endpoint.script(() => INVALID_GRANT);
  for (const user of users) await failureOf(application.valid(user));
  const left = await scene.connected(users);
  expect(left).toHaveLength(7);
  // The provider is well again: a refresh of any row shows it.
  scene.endpoint.script([]);
  await scene.users('gmail', 1, application);
  await application.keep.close();
  const other = scene.application();
  for (const user of left) expect(await other.valid(user)).toMatch(/^access-/);
});
