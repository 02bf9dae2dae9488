/** What Zoho says instead of tokens: with which status whatever. */

import { describe, expect, it } from 'vitest';
import { failureOf } from '../helpers/promises';
import { useScene } from './scene';

const scene = useScene();
const TOKENS = { access_token: 'access-not-to-be-stored', expires_in: 3_600 };

/** Asks for a token that has so much left while Zoho answers so, and gives the row before, too. */
async function asked(step: object, left = -60) {
  const client = await scene.client({ left });
  const before = await scene.row(client);
  scene.endpoint.script(() => step);
  return { client, keep: scene.keep(), before: { ...before, left: expect.any(Number) } };
}

describe('a refusal with status 200', () => {
  it.each([
    ['invalid_code', 'ERR_TOKENKEEP_REVOKED', 'Token refresh failed: 200 - invalid_code'],
    ['invalid_client', 'ERR_TOKENKEEP_CLIENT_REJECTED', 'Token refresh failed: invalid_client'],
    [
      'invalid_client_secret',
      'ERR_TOKENKEEP_CLIENT_REJECTED',
      'Token refresh failed: invalid_client_secret',
    ],
    [
      'general_error',
      'ERR_TOKENKEEP_PROVIDER_REFUSED',
      'Token refresh failed: 200 - general_error',
    ],
  ])('%s is a failure, and no token is stored', async (error, code, message) => {
    await scene.knownClient();
    const { client, keep, before } = await asked({ status: 200, body: { ...TOKENS, error } });
    const failure = await failureOf(scene.token(client, keep));
    expect(failure).toMatchObject({ code, retryable: false });
    expect(failure.message).toContain(message);
    const { access_token, refresh_token } = await scene.row(client);
    expect({ access_token, refresh_token }).toEqual({
      access_token: before.access_token,
      refresh_token: before.refresh_token,
    });
  });

  it('gives a usable token', async () => {
    const { client, keep, before } = await asked(
      { status: 200, body: { ...TOKENS, error: 'general_error' } },
      120,
    );
    expect(await scene.token(client, keep)).toBe(client.accessToken);
    expect(await scene.row(client)).toEqual(before);
  });
});

describe('throttling', () => {
  const throttled = {
    error: 'Access Denied',
    error_description:
      'You have made too many requests continuously. Please try again after some time.',
    status: 'failure',
  };

  it.each([
    ['200', { status: 200, body: throttled }],
    ['400', { status: 400, body: throttled }],
    ['429', { status: 429 }],
    ['200 and tokens', { status: 200, body: { ...TOKENS, ...throttled } }],
    ['400 and no description', { status: 400, body: { error: 'Access Denied' } }],
  ])('with %s is retryable and leaves the row as it is', async (_, step) => {
    const { client, keep, before } = await asked(step);
    await expect(scene.token(client, keep)).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_PROVIDER_THROTTLED',
      retryable: true,
      message: expect.stringMatching(/^Token refresh failed: /),
    });
    expect(await scene.row(client)).toEqual(before);
  });

  it('is not asked for again by the callers who come right after', async () => {
    const { client, keep } = await asked({ status: 400, body: throttled });
    const codes = new Set<string>();
    for (let call = 0; call < 20; call++) {
      codes.add((await failureOf(scene.token(client, keep))).code);
    }
    expect(codes).toEqual(new Set(['ERR_TOKENKEEP_PROVIDER_THROTTLED']));
    expect(scene.endpoint.requests.length).toBeLessThan(20);
  });

  it('gives a usable token meanwhile, and a fresh one when it is over', async () => {
    const { client, keep } = await asked({ status: 400, body: throttled }, 120);
    expect(await scene.token(client, keep)).toBe(client.accessToken);
    scene.endpoint.script([]);
    const other = scene.keep();
    expect(await scene.token(client, other)).not.toBe(client.accessToken);
  });
});

describe('a wrong client secret', () => {
  it('touches no row, and is not tried with other rows', async () => {
    const { client, keep, before } = await asked({
      status: 200,
      body: { error: 'invalid_client_secret' },
    });
    const other = await scene.client();
    for (const one of [client, other]) {
      await expect(scene.token(one, keep)).rejects.toMatchObject({ name: 'ClientRejectedError' });
    }
    expect(scene.endpoint.requests).toHaveLength(1);
    expect(await scene.row(client)).toEqual(before);
  });
});
