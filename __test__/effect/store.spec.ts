/** `get`, `store` and `revoke`. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { MAJORS } from './majors';
import { StoreScene } from './store-scene';

describe.each(MAJORS)('%s', (version) => {
  const scene = new StoreScene(version);

  it('gives what was stored, sealed, until it is revoked', async () => {
    const { Option } = scene.major;
    const userId = randomUUID();
    expect(await scene.stored(userId)).toBeNull();
    const token = scene.token('at', { refreshToken: Option.some('rt'), scopes: ['read'] });
    await scene.run(({ store }) => store(userId, 'acme', token));
    expect(await scene.stored(userId)).toEqual(token);
    expect((await scene.row(userId)).refresh_token).toMatch(/^tk1\./);
    expect(await scene.run(({ revoke }) => revoke(userId, 'acme'))).toBeUndefined();
    expect(await scene.stored(userId)).toBeNull();
  });

  it('stores no scopes where an empty text was split into them', async () => {
    const userId = randomUUID();
    await scene.run(({ store }) =>
      store(userId, 'acme', scene.token('at', { scopes: ''.split(' ') })),
    );
    expect(await scene.stored(userId)).toMatchObject({ accessToken: 'at', scopes: [] });
  });

  it('keeps the stored refresh token when there is none', async () => {
    const userId = await scene.user();
    await scene.run(({ store }) => store(userId, 'acme', scene.token('new')));
    const refreshToken = scene.major.Option.some('rt-secret');
    expect(await scene.stored(userId)).toMatchObject({ accessToken: 'new', refreshToken });
  });
});
