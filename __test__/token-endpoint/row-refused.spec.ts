/** A refusal that may concern one row or its tenant alone: it stays with that row. */

import { describe, expect, it } from 'vitest';
import { failing, tidedOver } from '../helpers/refresh-outcome';
import { failureOf } from '../helpers/promises';
import { useScene } from '../helpers/scene';

const scene = useScene();

const refusals: [string, number, object][] = [
  [
    'Atlassian of a dead refresh token',
    403,
    { error: 'unauthorized_client', error_description: 'refresh_token is invalid' },
  ],
  [
    "Google of another client's token",
    401,
    { error: 'unauthorized_client', error_description: 'Unauthorized' },
  ],
  [
    'Microsoft of an application that one tenant has removed',
    400,
    {
      error: 'unauthorized_client',
      error_description: "AADSTS700016: Application was not found in the directory 'Contoso'.",
      error_codes: [700_016],
    },
  ],
  ['a code alone', 400, { error: 'unauthorized_client' }],
];

describe('unauthorized_client', () => {
  it.each(refusals)('of %s is no rejection of the client', async (_, status, body) => {
    const { error, before, after } = await failing(scene, { status, body });
    expect(error).toMatchObject({
      name: 'ProviderRefusedError',
      code: 'ERR_TOKENKEEP_PROVIDER_REFUSED',
      retryable: false,
      status,
    });
    expect(error.message).toContain('unauthorized_client');
    expect(after).toEqual(before);
    const usable = await tidedOver(scene, { status, body });
    expect(usable.accessToken).toBe(usable.user.accessToken);
  });

  it.each(refusals)('of %s stops nobody else', async (_, status, body) => {
    const [user, healthy] = [await scene.user(), await scene.user()];
    scene.endpoint.script(({ form }) =>
      form['refresh_token'] === user.refreshToken ? { status, body } : undefined,
    );
    const keep = scene.keep();
    expect(await failureOf(keep.gmail.getValidGmailToken(user.id))).toMatchObject({ status });
    const { accessToken } = await keep.gmail.getValidGmailToken(healthy.id);
    expect(await scene.tokens(healthy)).toMatchObject({ accessToken });
    expect(scene.endpoint.requests).toHaveLength(2);
  });
});
