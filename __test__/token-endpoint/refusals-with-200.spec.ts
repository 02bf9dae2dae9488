/** `200 with an error field`, as Zoho and GitHub refuse: judged by its code, never stored. */

import { describe, expect, it } from 'vitest';
import { failing, tidedOver } from '../helpers/refresh-outcome';
import { useScene } from '../helpers/scene';

const scene = useScene();

const zoho = {
  code: { error: 'invalid_code' },
  client: { error: 'invalid_client' },
  throttled: {
    error: 'Access Denied',
    error_description:
      'You have made too many requests continuously. Please try again after some time.',
    status: 'failure',
  },
};

const github = {
  token: {
    error: 'bad_refresh_token',
    error_description: 'The refresh token passed is incorrect or expired.',
    error_uri: 'https://docs.github.com',
  },
  client: { error: 'incorrect_client_credentials' },
};

/** Tokens that must not be stored. */
const tokens = { access_token: 'access-refused', refresh_token: 'refresh-refused' };

describe('200 with an error field', () => {
  it('invalid_code of Zoho is a dead grant', async () => {
    await scene.knownClient();
    const { error, after } = await failing(scene, { status: 200, body: zoho.code });
    expect(error).toMatchObject({ name: 'GmailTokenRevokedError' });
    expect(after).toBeUndefined();
  });

  it.each([
    ["Zoho's throttling", zoho.throttled, 'ProviderThrottledError', true],
    ["Zoho's wrong client", zoho.client, 'ClientRejectedError', false],
    ["GitHub's bad refresh token", github.token, 'ProviderRefusedError', false],
    ["GitHub's wrong client", github.client, 'ClientRejectedError', false],
    ['a text', { error: 'odd' }, 'ProviderRefusedError', false],
    ['an object', { error: { status: 'ODD' } }, 'ProviderRefusedError', false],
    ['an array', { error: ['invalid_grant'] }, 'ProviderRefusedError', false],
    ['true', { error: true }, 'ProviderRefusedError', false],
  ])('%s is an error also beside tokens, and leaves the row', async (_, body, name, retryable) => {
    for (const beside of [{}, tokens]) {
      const step = { status: 200, body: { ...beside, ...body } };
      const { error, before, after } = await failing(scene, step);
      expect(error).toMatchObject({ name, retryable });
      expect(after).toEqual(before);
    }
    const usable = await tidedOver(scene, { status: 200, body: { ...tokens, ...body } });
    expect(usable.accessToken).toBe(usable.user.accessToken);
    expect(usable.after).toEqual(usable.before);
    expect(scene.endpoint.requests).toHaveLength(3);
  });
});
