/** Refusals of what stands before an authorization server: they say nothing of a refresh token. */

import { expect, it } from 'vitest';
import { failureOf } from '../helpers/promises';
import { useScene } from '../helpers/scene';
import { stateOf } from '../helpers/states';

const scene = useScene();

it.each([
  ['a page of a firewall', { status: 403, body: '<html>blocked</html>' }],
  ['no such page', { status: 404, body: 'not found' }],
  ['a redirect', { status: 302, body: '' }],
])('%s: the row is asked for again after a minute, however often', async (_, step) => {
  const user = await scene.user();
  scene.endpoint.script(() => step);
  for (let time = 0; time < 4; time++) {
    const keep = scene.keep();
    expect(await failureOf(keep.gmail.getValidGmailToken(user.id))).toMatchObject({
      code: 'ERR_TOKENKEEP_PROVIDER_REFUSED',
    });
    await keep.close();
    const { pauseMs } = (await stateOf(scene.database, 'gmail', [user.id]))!;
    expect(Math.round(pauseMs! / 1_000)).toBe(60);
    await scene.database.client.query(
      `UPDATE tokenkeep.refresh_state SET failed_at = failed_at - interval '1 minute',
         retry_at = retry_at - interval '1 minute'`,
    );
  }
  expect(scene.endpoint.requests).toHaveLength(4);
});
