/** `5xx, connect failure`: tried again within the budget, then released; and plain refusals. */

import { describe, expect, it } from 'vitest';
import type { Step } from '../../support/token-endpoint.mjs';
import { failing, tidedOver } from '../helpers/refresh-outcome';
import { failureOf, printed } from '../helpers/promises';
import { startListenerLater } from '../helpers/late-listener';
import { useScene } from '../helpers/scene';

const scene = useScene();

const unavailable = {
  name: 'ProviderUnavailableError',
  code: 'ERR_TOKENKEEP_PROVIDER_UNAVAILABLE',
  retryable: true,
};

const statuses = () => scene.endpoint.requests.map(({ status }) => status);

describe('5xx before the request was passed on', () => {
  it.each([500, 501, 503, 511])('%i is tried again at once, within one call', async (status) => {
    const user = await scene.user();
    scene.endpoint.script([{ times: 2, status }]);
    const { accessToken } = await scene.keep().gmail.getValidGmailToken(user.id);
    expect(await scene.tokens(user)).toMatchObject({ accessToken });
    expect(statuses()).toEqual([status, status, 200]);
  });

  it('is tried five times, then released', async () => {
    const { error, before, after } = await failing(scene, {
      status: 503,
      body: '<html>oops</html>',
    });
    expect(error).toMatchObject({ ...unavailable, status: 503 });
    expect(after).toEqual(before);
    expect(statuses()).toEqual([503, 503, 503, 503, 503]);
  });

  it.each<[string, number, Step]>([
    ['500', 500, { status: 500 }],
    ['503 with a page', 503, { status: 503, body: '<html>oops</html>' }],
    ['500 with the code of a dead grant', 500, { status: 500, body: { error: 'invalid_grant' } }],
    ['temporarily_unavailable', 400, { status: 400, body: { error: 'temporarily_unavailable' } }],
    ['server_error with status 200', 200, { status: 200, body: { error: 'server_error' } }],
    ['408', 408, { status: 408 }],
    ['408 with the code of a dead grant', 408, { status: 408, body: { error: 'invalid_grant' } }],
    ['425', 425, { status: 425 }],
    ['service_unavailable of Slack', 200, { status: 200, body: { error: 'service_unavailable' } }],
    ['request_timeout of Slack', 200, { status: 200, body: { error: 'request_timeout' } }],
    [
      'invalid_grant of Salesforce while it works on another request',
      400,
      {
        status: 400,
        body: {
          error: 'invalid_grant',
          error_description: 'token request is already being processed',
        },
      },
    ],
  ])('%s with a Retry-After beyond the budget is released at once', async (_, status, answer) => {
    const step = { ...answer, headers: { 'retry-after': '60' } };
    const { error, before, after } = await failing(scene, step);
    expect(error).toMatchObject({ ...unavailable, status });
    expect(after).toEqual(before);
    const usable = await tidedOver(scene, step);
    expect(usable.accessToken).toBe(usable.user.accessToken);
    expect(usable.after).toEqual(usable.before);
    expect(statuses()).toEqual([status, status]);
  });

  it('with a Retry-After that no clock reaches is an error, not a panic', async () => {
    const step = { status: 503, headers: { 'retry-after': '18446744073709551615' } };
    const { error, before, after } = await failing(scene, step);
    expect(error).toMatchObject({ ...unavailable, status: 503 });
    expect(after).toEqual(before);
    expect(statuses()).toEqual([503]);
  });

  it('that is only another request of Salesforce at work is tried again at once', async () => {
    const user = await scene.user();
    const error_description = 'token request is already being processed';
    const busy = { status: 400, body: { error: 'invalid_grant', error_description } };
    scene.endpoint.script([{ times: 2, ...busy }]);
    const { accessToken } = await scene.keep().gmail.getValidGmailToken(user.id);
    expect(await scene.tokens(user)).toMatchObject({ accessToken });
    expect(statuses()).toEqual([400, 400, 200]);
  });

  it('with a Retry-After within the budget is tried again after it', async () => {
    const user = await scene.user();
    scene.endpoint.script([{ status: 503, headers: { 'retry-after': '2' } }]);
    await scene.keep().gmail.getValidGmailToken(user.id);
    const [first, second] = scene.endpoint.requests;
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(2_000);
  });

  it('with a Retry-After beyond the budget is left alone for so long', async () => {
    const step = { status: 503, headers: { 'retry-after': '60' } };
    const user = await scene.user();
    const before = await scene.row(user);
    scene.endpoint.script(() => step);
    const keep = scene.keep();
    for (let call = 0; call < 30; call++) {
      const error = await failureOf(keep.gmail.getValidGmailToken(user.id));
      expect(error).toMatchObject(unavailable);
    }
    expect(statuses()).toEqual([503]);
    expect(await scene.row(user)).toEqual(before);
  });
});

describe('a connection that is never made', () => {
  it('is an error, and the row is released: nothing was sent', async () => {
    const nowhere = { googleTokenUrl: 'http://127.0.0.1:1/token' };
    const [spent, usable] = await Promise.all([
      failing(scene, {}, nowhere),
      tidedOver(scene, {}, nowhere),
    ]);
    expect(spent.error).toMatchObject(unavailable);
    expect(spent.error).not.toHaveProperty('status');
    expect(spent.after).toEqual(spent.before);
    expect(usable.accessToken).toBe(usable.user.accessToken);
    expect(usable.after).toEqual(usable.before);
  });

  it('is tried again within the call: a server that comes back is reached', async () => {
    const user = await scene.user();
    const listener = await startListenerLater(scene.endpoint.url);
    try {
      const keep = scene.keep({
        googleTokenUrl: listener.url,
        onEvent: ({ type }) => void (type === 'refresh.start' && listener.listen()),
      });
      const { accessToken } = await keep.gmail.getValidGmailToken(user.id);
      expect(await scene.tokens(user)).toMatchObject({ accessToken });
      expect(statuses()).toEqual([200]);
    } finally {
      await listener.close();
    }
  });
});

describe('a refusal of another kind', () => {
  it.each([
    ['an unknown code', 400, { error: 'odd' }],
    ['invalid_scope', 400, { error: 'invalid_scope' }],
    ['invalid_request', 400, { error: 'invalid_request' }],
    ['unsupported_grant_type', 400, { error: 'unsupported_grant_type' }],
    ['a page', 403, '<html>forbidden</html>'],
    ['nothing', 404, ''],
    ['a code that is no text', 400, { error: 7 }],
  ])('%s is ProviderRefusedError with its status, and the row is released', async (...row) => {
    const [, status, body] = row;
    const { error, before, after } = await failing(scene, { status, body });
    expect(error).toMatchObject({
      name: 'ProviderRefusedError',
      code: 'ERR_TOKENKEEP_PROVIDER_REFUSED',
      retryable: false,
      status,
    });
    expect(after).toEqual(before);
    const usable = await tidedOver(scene, { status, body });
    expect(usable.accessToken).toBe(usable.user.accessToken);
    expect(usable.after).toEqual(usable.before);
    expect(statuses()).toEqual([status, status]);
  });

  it.each([
    ['letters alone', 'ghoAbCdEfGhIjKlMnOpQrStUvWxYz'],
    ['words', 'my secret-token_of letters'],
  ])('does not repeat a code that may be a token of %s', async (_, code) => {
    const bodies = [
      { error: code },
      { error: { status: code } },
      { error: 'x', error_description: code },
    ];
    for (const body of bodies) {
      const { error } = await failing(scene, { status: 400, body });
      expect(error.name).toBe('ProviderRefusedError');
      expect(printed(error)).not.toContain(code);
    }
  });
});
