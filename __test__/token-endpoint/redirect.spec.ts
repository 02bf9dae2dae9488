/** `redirect`: refused and released; who is pointed to never gets the refresh token. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { failing, tidedOver } from '../helpers/refresh-outcome';
import { useScene } from '../helpers/scene';

const scene = useScene();

let elsewhere: Awaited<ReturnType<typeof startTokenEndpoint>>;
beforeAll(async () => {
  elsewhere = await startTokenEndpoint();
});
afterAll(() => elsewhere.close());

describe('a redirect', () => {
  it.each([
    [301, () => elsewhere.url],
    [302, () => elsewhere.url],
    [303, () => elsewhere.url],
    [307, () => elsewhere.url],
    [308, () => elsewhere.url],
    [307, () => scene.endpoint.url],
    [308, () => '/elsewhere'],
    [302, () => 'https://not a url'],
  ])('%i is refused and released, and its target is never asked', async (status, target) => {
    const step = { status, redirect: target() };
    const { error, before, after } = await failing(scene, step);
    expect(error).toMatchObject({
      name: 'ProviderRefusedError',
      code: 'ERR_TOKENKEEP_PROVIDER_REFUSED',
      retryable: false,
      status,
    });
    expect(after).toEqual(before);
    const usable = await tidedOver(scene, step);
    expect(usable.accessToken).toBe(usable.user.accessToken);
    expect(usable.after).toEqual(usable.before);
    expect(scene.endpoint.requests.map((request) => request.status)).toEqual([status, status]);
    expect(elsewhere.requests).toHaveLength(0);
  });

  it.each([
    ['tokens', { access_token: 'access-refused', refresh_token: 'refresh-refused' }],
    ['invalid_grant', { error: 'invalid_grant' }],
    ['invalid_client', { error: 'invalid_client' }],
  ])('is judged by its status, whatever its body says: %s', async (_, body) => {
    const step = { status: 302, redirect: elsewhere.url, body };
    const { error, before, after } = await failing(scene, step);
    expect(error).toMatchObject({ name: 'ProviderRefusedError', status: 302 });
    expect(after).toEqual(before);
  });
});
