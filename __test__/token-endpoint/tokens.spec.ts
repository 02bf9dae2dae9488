/** `200 with tokens`: what is stored of an answer, and what of it is no reason to refuse it. */

import { describe, expect, it } from 'vitest';
import type { Step } from '../../support/token-endpoint.mjs';
import { useScene } from '../helpers/scene';

const scene = useScene();

/** Refreshes a user's token with this answer; gives all that can be said about it. */
async function refreshed(step: Step) {
  const user = await scene.user();
  const before = (await scene.row(user))!;
  let lease: Date | null = null;
  scene.endpoint.script(async () => {
    lease = (await scene.row(user))!.refreshing_at;
    return step;
  });
  const token = await scene.keep().gmail.getValidGmailToken(user.id);
  const [after, stored] = [(await scene.row(user))!, (await scene.tokens(user))!];
  expect(scene.endpoint.requests).toHaveLength(1);
  return { user, before, token, after, stored, leasedAt: Number(lease) };
}

const changed =
  (fields: object): Step['body'] =>
  (usual) => ({ ...usual, ...fields });

describe('200 with tokens', () => {
  it('stores both, sealed anew, and frees the row', async () => {
    const { user, before, token, after, stored } = await refreshed({});
    expect(stored).toEqual({ accessToken: token.accessToken, refreshToken: token.refreshToken });
    expect(stored.accessToken).not.toBe(user.accessToken);
    expect(scene.endpoint.isAlive(stored.refreshToken)).toBe(true);
    expect(after.encrypted_access_token).not.toBe(before.encrypted_access_token);
    expect(after.encrypted_refresh_token).not.toBe(before.encrypted_refresh_token);
    expect(after.refreshing_at).toBeNull();
  });

  it.each([
    ['is missing', undefined],
    ['is null', null],
    ['is empty', ''],
    ['is a number', 7],
    ['is an object', { token: 'rt' }],
    ['has a NUL byte', 'r\0t'],
    ['has over 64 KiB', 'x'.repeat(64 * 1024 + 1)],
  ])('keeps the old refresh token, sealed anew, when the new one %s', async (_, refreshToken) => {
    const body = changed({ refresh_token: refreshToken });
    const { user, before, token, after, stored } = await refreshed({ rotate: false, body });
    expect(token.refreshToken).toBe(user.refreshToken);
    expect(stored).toEqual({
      accessToken: token.accessToken,
      refreshToken: user.refreshToken,
    });
    expect(after.encrypted_refresh_token).not.toBe(before.encrypted_refresh_token);
    expect(after.refreshing_at).toBeNull();
  });

  it.each<[string, Step]>([
    ['fields that nobody asked for', { body: changed({ id_token: 'x', scope: 7, a: { b: [] } }) }],
    ['an error that is null', { body: changed({ error: null }) }],
    ['an error that is empty', { body: changed({ error: '' }) }],
    ['status 201', { status: 201, exchange: true }],
    ['a content type that is not JSON', { headers: { 'content-type': 'text/plain' } }],
    ['a byte order mark before it', { body: (usual) => `\ufeff${JSON.stringify(usual)}` }],
    [
      'members that cannot be read',
      {
        body: (usual) => `{"scope":"\\ud800","api_domain":1e999,${JSON.stringify(usual).slice(1)}`,
      },
    ],
    [
      'a member twice',
      { body: (usual) => `{"expires_in":1,"access_token":"no",${JSON.stringify(usual).slice(1)}` },
    ],
    [
      'a member that is not UTF-8',
      {
        body: (usual) =>
          Buffer.from(`{"scope":"caf\u00e9",${JSON.stringify(usual).slice(1)}`, 'latin1'),
      },
    ],
    ['white space around it', { body: (usual) => `\r\n ${JSON.stringify(usual)}\n` }],
    ['no length', { chunked: true }],
    ['exactly a mebibyte', { body: (usual) => JSON.stringify(usual).padEnd(1024 * 1024) }],
    ['a byte at a time, within the budget', { dribbleMs: 1 }],
  ])('is taken with %s', async (_, step) => {
    const { user, token, stored } = await refreshed(step);
    expect(stored).toEqual({ accessToken: token.accessToken, refreshToken: token.refreshToken });
    expect(stored.accessToken).not.toBe(user.accessToken);
  });
});

describe('expires_in', () => {
  it.each<[string, unknown, number]>([
    ['a number', 7_200, 7_200],
    ['a fraction', 7_200.5, 7_200.5],
    ['a text', '7200', 7_200],
    ['a text with white space', ' 7200\n', 7_200],
    ['ten years', 315_360_000, 315_360_000],
    ['more than ten years: those', 315_705_599, 315_360_000],
    ['twenty years: ten', 631_138_518, 315_360_000],
    ['twenty years as a text: ten', '631138518', 315_360_000],
    ["missing: the provider's default", undefined, 3_600],
    ["null: the provider's default", null, 3_600],
    ["0: the provider's default", 0, 3_600],
    ["0 as a text: the provider's default", '0', 3_600],
    ["negative: the provider's default", -1, 3_600],
    ["NaN as a text: the provider's default", 'NaN', 3_600],
    ["in words: the provider's default", 'soon', 3_600],
    ["empty: the provider's default", '', 3_600],
    ["true: the provider's default", true, 3_600],
    ["an array: the provider's default", [7_200], 3_600],
  ])('counts from the lease when it is %s', async (_, expiresIn, seconds) => {
    const { token, after, leasedAt } = await refreshed({
      body: changed({ expires_in: expiresIn }),
    });
    expect(Number(after.expires_at)).toBe(leasedAt + seconds * 1_000);
    expect(token.expiresAt).toEqual(after.expires_at);
  });

  it('that no number holds is ten years', async () => {
    const { after, leasedAt } = await refreshed({
      body: (usual) =>
        JSON.stringify({ ...usual, expires_in: 0 }).replace(/"expires_in":0/, '"expires_in":1e999'),
    });
    expect(Number(after.expires_at)).toBe(leasedAt + 315_360_000_000);
  });

  it.each<[string, object]>([
    ['in milliseconds, and in seconds beside it', { expires_in: 7_200_000, expires_in_sec: 7_200 }],
    ['in seconds, and unreadable beside it', { expires_in: 7_200, expires_in_sec: 'soon' }],
  ])('counts in seconds when it is named twice: %s', async (_, fields) => {
    const { after, leasedAt } = await refreshed({ body: changed(fields) });
    expect(Number(after.expires_at)).toBe(leasedAt + 7_200_000);
  });
});
