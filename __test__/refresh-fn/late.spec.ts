/** An application's own refresh function that is aborted, comes too late, or never gets its turn. */

import { describe, expect, it } from 'vitest';
import type { RefreshFn } from '../../dist/index.js';
import { failureOf, until } from '../helpers/promises';
import { useScene } from '../helpers/scene';

const scene = useScene();

/** Limits a twentieth of the real ones: HTTP budget 750 ms, lease 1.5 s. */
const SMALL = { limitsDivisor: 20, waitMs: 30_000 };

describe('a refreshFn', () => {
  it.each([
    ['a fetch that was aborted', new DOMException('timed out', 'TimeoutError')],
    ['a request that was aborted', new DOMException('aborted', 'AbortError')],
    ['a cancelled axios request', Object.assign(new Error('x'), { code: 'ERR_CANCELED' })],
    ['an answer that is not JSON', new SyntaxError('Unexpected end of JSON input')],
    ['a reset below', new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } })],
  ])('that may have sent its request leaves the lease: %s', async (_, thrown) => {
    const user = await scene.user();
    const refreshFn: RefreshFn = () => Promise.reject(thrown);
    const error = await failureOf(scene.keep().gmail.getValidGmailToken(user.id, refreshFn));
    expect(error).toMatchObject({ name: 'RefreshCallbackError', retryable: true });
    expect(error.cause).toBe(thrown);
    expect((await scene.row(user))!.refreshing_at).not.toBeNull();
  });

  it('that sent nothing gives the lease back', async () => {
    const user = await scene.user();
    const thrown = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
    await failureOf(scene.keep().gmail.getValidGmailToken(user.id, () => Promise.reject(thrown)));
    expect((await scene.row(user))!.refreshing_at).toBeNull();
  });

  it('whose signal ends its request leaves the lease, however late it throws', async () => {
    const user = await scene.user();
    let aborted: unknown;
    const refreshFn: RefreshFn = (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject((aborted = signal.reason)));
      });
    const error = await failureOf(scene.keep(SMALL).gmail.getValidGmailToken(user.id, refreshFn));
    expect(['RefreshOutcomeUnknownError', 'RefreshCallbackError']).toContain(error.name);
    await until(() => aborted !== undefined);
    expect((await scene.row(user))!.refreshing_at).not.toBeNull();
  });

  it('is not run any more when its lease may be lost by then', async () => {
    const user = await scene.user();
    let runs = 0;
    const refreshFn: RefreshFn = async () => {
      runs += 1;
      return { accessToken: 'late', expiryDate: Date.now() + 3_600_000 };
    };
    const call = failureOf(scene.keep(SMALL).gmail.getValidGmailToken(user.id, refreshFn));
    // The event loop is busy for longer than the HTTP budget: the turn of the function comes late.
    const end = Date.now() + 2_500;
    while (Date.now() < end);
    expect(await call).toMatchObject({ retryable: true });
    await until(async () => (await scene.row(user))!.refreshing_at === null);
    expect(runs).toBe(0);
  });

  it('whose expiryDate is in seconds gets an error that says so, and its tokens are kept', async () => {
    const user = await scene.user();
    const refreshFn: RefreshFn = async () => ({
      accessToken: 'new',
      refreshToken: 'next',
      expiryDate: Math.floor(Date.now() / 1_000) + 3_600,
    });
    const error = await failureOf(scene.keep().gmail.getValidGmailToken(user.id, refreshFn));
    expect(error).toMatchObject({ name: 'ProviderResponseError' });
    expect(error.message).toContain('milliseconds since 1970');
    expect(await scene.tokens(user)).toMatchObject({ refreshToken: 'next' });
  });
});
