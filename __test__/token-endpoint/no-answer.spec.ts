/** `sent, but no answer`, `502, 504`: not known whether it was carried out, so never sent twice. */

import { describe, expect, it } from 'vitest';
import type { Step } from '../../support/token-endpoint.mjs';
import { failing, leased, tidedOver } from '../helpers/refresh-outcome';
import { failureOf } from '../helpers/promises';
import { SCALED, useScene } from '../helpers/scene';

const scene = useScene();

const unknown = {
  name: 'RefreshOutcomeUnknownError',
  code: 'ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN',
  retryable: true,
};

describe('an outcome that is not known', () => {
  it.each<[string, Step]>([
    ['a connection reset after the exchange', { drop: 'after' }],
    ['a connection reset before the exchange, which looks the same', { drop: 'before' }],
    ['half a body', { truncate: true }],
    ['half a body of unknown length', { truncate: true, chunked: true }],
    ['502 of a gateway', { status: 502, exchange: true }],
    ['504 of a gateway', { status: 504, exchange: true }],
    ['520 of a gateway', { status: 520, exchange: true }],
    // Slack: "It's possible some aspect of the operation succeeded before the error was raised."
    ['internal_error of Slack', { status: 200, body: { ok: false, error: 'internal_error' } }],
    ['fatal_error of Slack', { status: 200, body: { ok: false, error: 'fatal_error' } }],
    ['502 with the code of a dead grant', { status: 502, body: { error: 'invalid_grant' } }],
  ])('%s is asked once by all processes, and the lease is left', async (_, step) => {
    const { user, error, before, after } = await failing(scene, step);
    expect(error).toMatchObject(unknown);
    expect(after).toEqual(leased(before));
    // Another process waits for the lease, however short of time.
    const hasty = scene.keep({ waitMs: 100 });
    expect(await failureOf(hasty.gmail.getValidGmailToken(user.id))).toMatchObject({
      name: 'RefreshTimeoutError',
      retryable: true,
    });
    expect(scene.endpoint.requests).toHaveLength(1);
    expect(await scene.row(user)).toEqual(after);
  });

  it.each<[string, Step]>([
    ['silence', { hang: true }],
    ['silence before the exchange, which looks the same', { hang: 'before' }],
    ['a byte at a time, for longer than the budget', { dribbleMs: 50 }],
  ])('%s ends with the budget, and the lease is left', async (_, step) => {
    const { error, before, after } = await failing(scene, step, SCALED);
    expect(error).toMatchObject(unknown);
    expect(after).toEqual(leased(before));
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it.each<[string, Step]>([
    ['a reset', { drop: 'after' }],
    ['half a body', { truncate: true }],
    ['502', { status: 502, exchange: true }],
    ['504', { status: 504, exchange: true }],
    ['silence', { hang: true }],
    ['a byte at a time', { dribbleMs: 50 }],
  ])('gives the usable token after %s, and the lease is left all the same', async (_, step) => {
    const { user, before, after, accessToken } = await tidedOver(scene, step, SCALED);
    expect(accessToken).toBe(user.accessToken);
    expect(after).toEqual(leased(before));
    expect(scene.endpoint.requests).toHaveLength(1);
  });
});
