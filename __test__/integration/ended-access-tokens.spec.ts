/** `refreshEndsAccessToken`: nobody gets an access token that a refresh may have invalidated. */

import { describe, expect, it } from 'vitest';
import type { TokenKeepOptions } from '../../dist/index.js';
import type { TokenEndpointStep as Step } from '../../dist/testing/index.js';
import { failureOf, newGate, until } from '../helpers/promises';
import { useScene } from './scene';

const scene = useScene();

/** An instance for which a refresh at acme ends the access token, or does not. */
function keep(refreshEndsAccessToken: boolean, options: TokenKeepOptions = {}) {
  const client = { clientId: 'client', clientSecret: 'secret' };
  const acme = { ...client, tokenUrl: scene.endpoint.url, refreshEndsAccessToken };
  return scene.keep({ providers: { acme }, ...options });
}

/** The endpoint answers its requests when the returned function is called. */
function held(): () => void {
  const gate = newGate();
  scene.endpoint.script(() => gate.opened);
  return gate.open;
}

const requested = () => until(() => scene.endpoint.requests.length === 1);

describe.each([
  ['that a caller started', false],
  ['of refreshExpiring, while the token is fresh', true],
])('during a refresh %s', (_, isAhead) => {
  const left = isAhead ? 600 : 120;

  it('callers of every process wait for the new token', async () => {
    const [mine, other] = [keep(true), keep(true)];
    const { userId, accessToken } = await scene.user(mine, left);
    const release = held();
    const call = (of: typeof mine) => of.integration.getValidToken(userId, 'acme');
    const refreshing = isAhead
      ? mine.integration.refreshExpiring({ expiresWithin: 900_000 })
      : call(mine);
    await requested();
    const calls = [call(mine), call(other)];
    // Whoever is handed the old token is handed it now.
    const impatient = keep(true, { waitMs: 100 });
    expect(await failureOf(call(impatient))).toMatchObject({ name: 'RefreshTimeoutError' });
    release();
    await refreshing;
    const tokens = await Promise.all(calls);
    expect(new Set(tokens.map((token) => token.accessToken)).size).toBe(1);
    expect(tokens[0]?.accessToken).not.toBe(accessToken);
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('where it ends no access token, nobody waits', async () => {
    const [mine, other] = [keep(false), keep(false)];
    const { userId, accessToken } = await scene.user(mine, left);
    const release = held();
    const refreshing = isAhead
      ? mine.integration.refreshExpiring({ expiresWithin: 900_000 })
      : mine.integration.getValidToken(userId, 'acme');
    await requested();
    const found = await other.integration.getValidToken(userId, 'acme');
    expect(found.accessToken).toBe(accessToken);
    release();
    await refreshing;
  });
});

describe('a refresh that failed', () => {
  it.each<[string, Step, string]>([
    ['a lost answer', { drop: 'after' }, 'ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN'],
    ['a gateway that gave up', { status: 504 }, 'ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN'],
    ['half an answer', { truncate: true }, 'ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN'],
    ['a page in place of tokens', { body: '<html>' }, 'ERR_TOKENKEEP_PROVIDER_RESPONSE'],
  ])('with %s, and may have ended the token, gives nobody the token', async (_, step, code) => {
    const mine = keep(true);
    const { userId } = await scene.user(mine, 120);
    scene.endpoint.script([step]);
    const call = (of: typeof mine) => of.integration.getValidToken(userId, 'acme');
    expect(await failureOf(call(mine))).toMatchObject({ code });
    expect(await failureOf(call(keep(true, { waitMs: 100 })))).toMatchObject({
      name: 'RefreshTimeoutError',
    });
  });

  it.each<[string, Step]>([
    ['503', { status: 503, times: 5 }],
    ['429', { retryAfter: 30 }],
    ['a refusal', { error: 'unauthorized_client' }],
    ['a rejected client', { error: 'invalid_client' }],
  ])('with %s, and has ended nothing, gives the usable token', async (_, step) => {
    const mine = keep(true);
    const { userId, accessToken } = await scene.user(mine, 120);
    scene.endpoint.script([step]);
    for (let time = 0; time < 2; time++) {
      const found = await mine.integration.getValidToken(userId, 'acme');
      expect(found.accessToken).toBe(accessToken);
    }
  });

  it('before anything was sent gives the usable token', async () => {
    const mine = keep(true);
    const { userId, accessToken } = await scene.user(mine, 120);
    await scene.endpoint.stop();
    const found = await mine.integration.getValidToken(userId, 'acme');
    expect(found.accessToken).toBe(accessToken);
  });
});
