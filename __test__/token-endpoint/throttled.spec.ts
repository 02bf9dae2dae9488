/** `429` and Zoho's "Access Denied": asked once, released, and left alone for as long as asked. */

import { describe, expect, it } from 'vitest';
import type { Step } from '../../support/token-endpoint.mjs';
import { failing, tidedOver } from '../helpers/refresh-outcome';
import { failureOf, until } from '../helpers/promises';
import { type User, useScene } from '../helpers/scene';

const scene = useScene();

const throttled = { name: 'ProviderThrottledError', code: 'ERR_TOKENKEEP_PROVIDER_THROTTLED' };

const slowDown = (retryAfter: string): Step => ({
  status: 429,
  headers: { 'retry-after': retryAfter },
});

/** A date for the header, which is exact to the second: up to a second less than asked for. */
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toUTCString();

/** Asks until there is a token. */
async function callUntilRefreshed(keep: ReturnType<typeof scene.keep>, user: User): Promise<void> {
  const call = () => keep.gmail.getValidGmailToken(user.id).catch(() => undefined);
  await until(call);
}

/** Between the last request that was throttled and the next one, in milliseconds. */
function pauseAfter(requests: number): number {
  const { [requests - 1]: last, [requests]: next } = scene.endpoint.requests;
  return next!.at - last!.at;
}

describe('a provider that throttles', () => {
  it.each<[string, Step]>([
    ['429 without more', { status: 429 }],
    ['429 with a body', { status: 429, body: { error: 'rate_limited' } }],
    ['429 with a page', { status: 429, body: '<html>slow down</html>' }],
    ['429 with seconds', slowDown('120')],
    ['429 with a date', slowDown(inSeconds(3_600))],
    ['429 with seconds that no number holds', slowDown('9'.repeat(40))],
    ['429 with the most seconds that a number holds', slowDown('18446744073709551615')],
    ['429 with X-Retry-After', { status: 429, headers: { 'x-retry-after': '60' } }],
    ['403 with Retry-After', { status: 403, headers: { 'retry-after': '60' }, body: 'no' }],
    ['403 with X-Retry-After', { status: 403, headers: { 'x-retry-after': '60' } }],
    [
      '400 with an unknown code and Retry-After',
      { status: 400, headers: { 'retry-after': '60' }, body: { error: 'quota' } },
    ],
    ['ratelimited of Slack', { status: 200, body: { ok: false, error: 'ratelimited' } }],
    ['rate_limited with status 200', { status: 200, body: { ok: false, error: 'rate_limited' } }],
    ['rate_limit_exceeded of Salesforce', { status: 400, body: { error: 'rate_limit_exceeded' } }],
    [
      'invalid_grant whose description says too many requests',
      { status: 400, body: { error: 'invalid_grant', error_description: 'Too many requests' } },
    ],
    ['429 with a Retry-After that is neither', slowDown('soon')],
    ['429 with a date that has passed', slowDown(inSeconds(-3_600))],
    ['slow_down', { status: 400, body: { error: 'slow_down' } }],
    ['"Access Denied" of Zoho with status 200', { status: 200, body: { error: 'Access Denied' } }],
    ['"Access Denied" of Zoho with status 400', { status: 400, body: { error: 'Access Denied' } }],
    [
      'too many requests in the description',
      { status: 400, body: { error: 'odd', error_description: 'Too many requests, wait' } },
    ],
  ])('%s is asked once, may be tried again, and leaves the row', async (_, step) => {
    const { error, before, after } = await failing(scene, step);
    expect(error).toMatchObject({ ...throttled, retryable: true });
    expect(after).toEqual(before);
    const usable = await tidedOver(scene, step);
    expect(usable.accessToken).toBe(usable.user.accessToken);
    expect(usable.after).toEqual(usable.before);
    expect(scene.endpoint.requests).toHaveLength(2);
  });

  it.each<[string, string, number, number]>([
    ['seconds', '7200', 7_200_000, 7_200_000],
    ['a date', inSeconds(7_200), 7_000_000, 7_200_000],
    // What a timer of Node's holds, and no more: an application may wait for so long.
    ['seconds that no number holds', '9'.repeat(40), 2_147_483_000, 2_147_483_000],
    ['the most seconds that a number holds', '18446744073709551615', 2_147_483_000, 2_147_483_000],
  ])('says for how long in %s, and is not asked in a loop', async (_, header, least, most) => {
    const user = await scene.user();
    scene.endpoint.script(() => slowDown(header));
    const keep = scene.keep();
    for (let call = 0; call < 30; call++) {
      const error = await failureOf(keep.gmail.getValidGmailToken(user.id));
      expect(error).toMatchObject(throttled);
      expect(error['retryAfterMs']).toBeGreaterThanOrEqual(least);
      expect(error['retryAfterMs']).toBeLessThanOrEqual(most);
    }
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it.each([
    ['seconds', () => '2'],
    ['an HTTP date', () => inSeconds(3)],
  ])('is asked again after a Retry-After in %s, longer than the usual pause', async (_, header) => {
    const user = await scene.user();
    scene.endpoint.script((_request, index) => (index === 0 ? slowDown(header()) : undefined));
    await callUntilRefreshed(scene.keep(), user);
    expect(scene.endpoint.requests).toHaveLength(2);
    expect(pauseAfter(1)).toBeGreaterThanOrEqual(2_000);
  });

  it('that asks for an hour is asked again after ten minutes, and not before', async () => {
    // A sixtieth of the real limits, the lease and all timeouts too: a call may fail for those.
    const keep = scene.keep({ limitsDivisor: 60 });
    const user = await scene.user();
    let told = false;
    scene.endpoint.script(() => (told ? { rotate: false } : slowDown('3600')));
    await until(async () => {
      const error = await failureOf(keep.gmail.getValidGmailToken(user.id));
      return (told = error.name === throttled.name);
    });
    const requests = scene.endpoint.requests.length;
    await callUntilRefreshed(keep, user);
    expect(pauseAfter(requests)).toBeGreaterThanOrEqual(9_990);
  });
});
