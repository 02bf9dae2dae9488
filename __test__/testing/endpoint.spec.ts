/** What a test would believe wrongly if the endpoint did not do as its script says. */

import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type TokenEndpoint,
  type TokenEndpointStep,
  startTokenEndpoint,
} from '../../dist/testing/index.js';

let endpoint: TokenEndpoint;

beforeEach(async () => {
  endpoint = await startTokenEndpoint();
});
afterEach(() => endpoint.stop());

/** Asks for a refresh as a client does. */
async function refresh(refreshToken: string, signal?: AbortSignal) {
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken, client_secret: 'hush' };
  const body = new URLSearchParams(form);
  const response = await fetch(endpoint.url, { method: 'POST', body, signal: signal ?? null });
  const retryAfter = response.headers.get('retry-after');
  return { status: response.status, retryAfter, ...((await response.json()) as object) } as {
    status: number;
    retryAfter: string | null;
    error?: string;
    access_token?: string;
    refresh_token?: string;
  };
}

describe('left alone', () => {
  it('gives a new refresh token, and the newest is exchanged', async () => {
    const { refreshToken } = endpoint.issue();
    const first = await refresh(refreshToken);
    expect(first).toMatchObject({ status: 200, access_token: expect.stringMatching(/^access-/) });
    expect(first.refresh_token).not.toBe(refreshToken);
    expect(endpoint.isAlive(refreshToken)).toBe(false);
    expect(await refresh(first.refresh_token!)).toMatchObject({ status: 200 });
  });

  it('revokes the whole family when a spent refresh token comes back', async () => {
    const { refreshToken } = endpoint.issue();
    const other = endpoint.issue();
    const { refresh_token: newest } = await refresh(refreshToken);
    expect(await refresh(refreshToken)).toMatchObject({ status: 400, error: 'invalid_grant' });
    expect(await refresh(newest!)).toMatchObject({ status: 400, error: 'invalid_grant' });
    expect(endpoint.familyOf(newest!)).toMatchObject({ alive: false, reuses: { length: 1 } });
    expect(endpoint.isAlive(other.refreshToken)).toBe(true);
  });

  it('knows nothing of tokens that it has not issued, or that their user has revoked', async () => {
    expect(await refresh('made up')).toMatchObject({ status: 400, error: 'invalid_grant' });
    const { refreshToken } = endpoint.issue();
    endpoint.revoke(refreshToken);
    expect(await refresh(refreshToken)).toMatchObject({ status: 400, error: 'invalid_grant' });
  });

  it('keeps refresh tokens where it does not rotate', async () => {
    await using google = await startTokenEndpoint([], { rotate: false });
    const { refreshToken } = google.issue();
    await endpoint.stop();
    endpoint = google;
    for (let times = 0; times < 2; times++) {
      expect(await refresh(refreshToken)).not.toHaveProperty('refresh_token');
    }
    expect(google.isAlive(refreshToken)).toBe(true);
  });
});

describe('with a script', () => {
  it('throttles so many times, and behaves again', async () => {
    endpoint.script([{ retryAfter: 7, times: 2 }]);
    const { refreshToken } = endpoint.issue();
    for (let times = 0; times < 2; times++) {
      expect(await refresh(refreshToken)).toMatchObject({ status: 429, retryAfter: '7' });
    }
    expect(await refresh(refreshToken)).toMatchObject({ status: 200 });
  });

  it.each([
    ['invalid_grant', 400],
    ['invalid_client', 401],
  ])('answers %s with %i, and spends nothing', async (error, status) => {
    endpoint.script([{ error }]);
    const { refreshToken } = endpoint.issue();
    expect(await refresh(refreshToken)).toMatchObject({ status, error });
    expect(endpoint.isAlive(refreshToken)).toBe(true);
  });

  it('loses the answer after the refresh token is spent', async () => {
    endpoint.script([{ drop: 'after' }]);
    const { refreshToken } = endpoint.issue();
    await expect(refresh(refreshToken)).rejects.toThrow();
    expect(endpoint.isAlive(refreshToken)).toBe(false);
    expect(endpoint.requests).toMatchObject([{ status: undefined, delivered: false }]);
  });

  it('loses the request before anything is spent', async () => {
    endpoint.script([{ drop: 'before' }]);
    const { refreshToken } = endpoint.issue();
    await expect(refresh(refreshToken)).rejects.toThrow();
    expect(endpoint.isAlive(refreshToken)).toBe(true);
  });

  it('is slow after it has exchanged', async () => {
    endpoint.script([{ delayMs: 5_000 }]);
    const { refreshToken } = endpoint.issue();
    await expect(refresh(refreshToken, AbortSignal.timeout(200))).rejects.toThrow(/abort|timeout/i);
    expect(endpoint.isAlive(refreshToken)).toBe(false);
  });

  it('asks a function before every answer', async () => {
    endpoint.script((request, index) =>
      index === 1 ? { status: 503, headers: { 'x-asked': request.grantType! } } : undefined,
    );
    const { refreshToken } = endpoint.issue();
    const { refresh_token: newest } = await refresh(refreshToken);
    expect(await refresh(newest!)).toMatchObject({ status: 503 });
    expect(await refresh(newest!)).toMatchObject({ status: 200 });
  });

  it('takes its script at the start, too, and refuses what is none', async () => {
    await using scripted = await startTokenEndpoint([{ error: 'invalid_grant' }]);
    const body = new URLSearchParams({ grant_type: 'refresh_token' });
    expect((await fetch(scripted.url, { method: 'POST', body })).status).toBe(400);
    const bad = { rotate: false } as unknown as [];
    const refused = startTokenEndpoint(bad);
    await expect(refused).rejects.toMatchObject({ argument: 'script' });
    await expect(refused).rejects.toThrow('options are the second argument');
    const misspelt = [{}, { delay: 5 } as TokenEndpointStep];
    expect(() => endpoint.script(misspelt)).toThrow('script[1].delay: unknown field');
  });
});

describe('what it was sent', () => {
  it('can be asked for, and is not printed', async () => {
    const { refreshToken } = endpoint.issue();
    await refresh(refreshToken);
    const [request] = endpoint.requests;
    expect(request).toMatchObject({ refreshToken, status: 200, delivered: true });
    expect(request!.form).toMatchObject({ client_secret: 'hush' });
    for (const printed of [inspect(endpoint.requests), JSON.stringify(endpoint.requests)]) {
      expect(printed).toContain('status');
      expect(printed).not.toContain('hush');
      expect(printed).not.toContain(refreshToken);
    }
  });
});

it('listens no more after stop(), which may be called twice', async () => {
  await endpoint.stop();
  await endpoint.stop();
  await expect(refresh('any')).rejects.toThrow();
});
