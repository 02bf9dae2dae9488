/** One row that the provider refuses, among many that run out soon. */

import { expect, it } from 'vitest';
import { failureOf } from '../helpers/promises';
import { useScene } from './scene';

const scene = useScene();
const DUE = { expiresWithin: 900_000 };

it.each(['unauthorized_client', 'invalid_scope'])(
  'refreshExpiring refreshes all rows but the one that is refused with %s',
  async (error) => {
    const keep = scene.keep();
    const users = await Promise.all(Array.from({ length: 54 }, () => scene.user(keep, 600)));
    const refused = users[20]!;
    scene.endpoint.script(({ refreshToken }) =>
      refreshToken === refused.refreshToken ? { status: 403, body: { error } } : undefined,
    );
    expect(await keep.integration.refreshExpiring(DUE)).toMatchObject({
      refreshed: 53,
      revoked: 0,
    });
    const sent = scene.endpoint.requests.map(({ refreshToken }) => refreshToken);
    expect(new Set(sent)).toEqual(new Set(users.map(({ refreshToken }) => refreshToken)));
    expect(await scene.row(refused.userId)).toMatchObject({ invalid_since: null });

    // A caller who wants it afterwards is told so without a request.
    await keep.close();
    await scene.change(refused.userId, `expires_at = now() - interval '1 minute'`);
    const call = scene.keep().integration.getValidToken(refused.userId, 'acme');
    expect(await failureOf(call)).toMatchObject({ code: 'ERR_TOKENKEEP_PROVIDER_REFUSED' });
    expect(scene.endpoint.requests).toHaveLength(sent.length);
    await scene.change(refused.userId, `expires_at = now() + interval '1 day'`);
  },
);
