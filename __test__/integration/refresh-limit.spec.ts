/** `refreshLimit`: however often and wherever a refresh is forced, the provider's limit is not exceeded. */

import { describe, expect, it } from 'vitest';
import type { ProviderSettings } from '../../dist/index.js';
import { failureOf } from '../helpers/promises';
import { useScene } from './scene';

const scene = useScene();

function keep(refreshLimit?: ProviderSettings['refreshLimit']) {
  const acme = { tokenUrl: scene.endpoint.url, clientId: 'client', clientSecret: 'secret' };
  return scene.keep({ providers: { acme: { ...acme, refreshLimit } } });
}

/** As if so many seconds had passed. */
const pass = (userId: string, seconds: number) =>
  scene.change(
    userId,
    ['last_refreshed_at', 'updated_at', 'expires_at']
      .map((column) => `${column} = ${column} - interval '${seconds} seconds'`)
      .join(', '),
  );

describe('ten refreshes in ten minutes', () => {
  const limit = { count: 10, seconds: 600 };

  it.each<[string, object]>([
    ['forced', { forceRefresh: true }],
    ['of a token that is never valid for long enough', { minTtlMs: 7_200_000 }],
  ])('are enough for callers of two processes that ask for more, %s', async (_, options) => {
    const processes = [keep(limit), keep(limit)];
    const { userId } = await scene.user(processes[0]!, 3_600);
    for (let second = 0; second < 600; second += 15) {
      for (const { integration } of processes) {
        await integration.getValidToken(userId, 'acme', options);
      }
      await pass(userId, 15);
    }
    expect(scene.endpoint.requests).toHaveLength(10);
  });

  it('do not keep an expired token, nor one that was stored since', async () => {
    const { integration } = keep(limit);
    const { userId } = await scene.user(keep(limit), -60);
    const first = await integration.getValidToken(userId, 'acme');
    await scene.change(userId, `expires_at = now() - interval '1 second'`);
    const second = await integration.getValidToken(userId, 'acme');
    expect(second.accessToken).not.toBe(first.accessToken);
    const stored = { ...scene.endpoint.issue(), expiresAt: new Date(Date.now() + 3_600_000) };
    await integration.storeToken(userId, 'acme', { ...stored, scopes: [] });
    const forced = await integration.getValidToken(userId, 'acme', { forceRefresh: true });
    expect(forced.accessToken).not.toBe(stored.accessToken);
  });
});

it('without a limit a refresh that is half a minute old is not shared', async () => {
  const { integration } = keep();
  const { userId } = await scene.user(keep(), 3_600);
  const force = () => integration.getValidToken(userId, 'acme', { forceRefresh: true });
  const { accessToken } = await force();
  await pass(userId, 30);
  expect((await force()).accessToken).not.toBe(accessToken);
});

it.each<[object, string]>([
  [{ count: 0, seconds: 600 }, '.count'],
  [{ count: 10 }, '.seconds'],
  [{ count: 10, seconds: 600, minutes: 10 }, '.minutes'],
  [[10, 600], '.0'],
])('%j is refused by name', async (limit, field) => {
  const call = async () => {
    const { integration } = keep(limit as ProviderSettings['refreshLimit']);
    await integration.getValidToken('user', 'acme');
  };
  expect(await failureOf(call())).toMatchObject({
    name: 'InvalidArgumentError',
    argument: `providers.acme.refreshLimit${field}`,
  });
});
