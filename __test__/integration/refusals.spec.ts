/** How a provider refuses: with words of its own for a dead grant, and what connections are said to be. */

import { describe, expect, it } from 'vitest';
import type { ProviderSettings } from '../../dist/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { failureOf } from '../helpers/promises';
import { useScene } from './scene';

const scene = useScene();

type DeadGrant = ProviderSettings['deadGrant'];

/** An instance whose provider is described so. */
const described = (deadGrant: DeadGrant, more: Partial<ProviderSettings> = {}) =>
  scene.keep({
    providers: {
      acme: {
        tokenUrl: scene.endpoint.url,
        clientId: 'client',
        clientSecret: 'secret',
        ...more,
        deadGrant,
      },
    },
  });

describe('a provider with words of its own for a dead grant', () => {
  const own: [string, DeadGrant, number, object | string][] = [
    ['a code', { codes: ['odd', 'bad_refresh_token'] }, 400, { error: 'bad_refresh_token' }],
    ['a code with status 200', { codes: ['gone'] }, 200, { ok: false, error: 'gone' }],
    ['a status with an empty body', { statusWithEmptyBody: [400, 401] }, 400, ''],
    [
      'a status in the body, as HubSpot',
      { members: [{ path: '/status', value: 'BAD_REFRESH_TOKEN' }] },
      400,
      { status: 'BAD_REFRESH_TOKEN', error: 'invalid_request', message: 'x' },
    ],
    [
      'a description of invalid_request, as jmondi',
      { members: [{ path: '/error_description', value: 'Token has been revoked' }] },
      400,
      { error: 'invalid_request', error_description: 'Token has been revoked' },
    ],
    [
      'a member of an array, as Strava',
      { members: [{ path: '/errors/0/field', value: 'refresh_token' }] },
      400,
      { message: 'Bad Request', errors: [{ field: 'refresh_token', code: 'invalid' }] },
    ],
    ['a number', { members: [{ path: '/code', value: 4702 }] }, 400, { code: 4702 }],
    ['a member with status 200', { members: [{ path: '/ok', value: false }] }, 200, { ok: false }],
  ];

  it.each(own)('says so by %s', async (_, deadGrant, status, body) => {
    const keep = described(deadGrant);
    const { userId } = await scene.user(keep);
    scene.endpoint.script(() => ({ status, body }));
    expect(await keep.integration.connectionStatus(userId, 'acme')).toMatchObject({
      active: false,
      reason: 'needs_reauthorization',
    });
    expect(await scene.row(userId)).toMatchObject({ invalid_since: expect.any(Date) });
    await failureOf(keep.integration.getValidToken(userId, 'acme'));
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it.each(own)('is not understood where nobody has described %s', async (_, _own, status, body) => {
    const keep = described(undefined);
    const { userId } = await scene.user(keep);
    scene.endpoint.script(() => ({ status, body }));
    await failureOf(keep.integration.getValidToken(userId, 'acme'));
    expect(await scene.row(userId)).toMatchObject({ invalid_since: null });
  });

  it.each<[string, DeadGrant, object]>([
    ['429', { codes: ['gone'] }, { status: 429, body: { error: 'gone' } }],
    ['500', { codes: ['gone'] }, { status: 500, body: { error: 'gone' } }],
    ['502', { members: [{ path: '/a', value: 'b' }] }, { status: 502, body: { a: 'b' } }],
    ['a redirect', { members: [{ path: '/a', value: 'b' }] }, { status: 302, body: { a: 'b' } }],
    ['another status', { statusWithEmptyBody: [400] }, { status: 401, body: '' }],
    ['a body', { statusWithEmptyBody: [400] }, { status: 400, body: '{}' }],
    [
      'another value',
      { members: [{ path: '/a', value: 'b' }] },
      { status: 400, body: { a: 'bc' } },
    ],
    [
      'words that pass',
      { codes: ['invalid_request'] },
      { status: 400, body: { error: 'invalid_request', error_description: 'Too many requests' } },
    ],
  ])('does not say so with %s', async (_, deadGrant, step) => {
    const keep = described(deadGrant);
    const { userId } = await scene.user(keep);
    scene.endpoint.script(() => step);
    await failureOf(keep.integration.getValidToken(userId, 'acme'));
    expect(await scene.row(userId)).toMatchObject({ invalid_since: null });
  });

  it('does not say so beside an access token', async () => {
    const keep = described({ members: [{ path: '/token_type', value: 'Bearer' }] });
    const { userId } = await scene.user(keep);
    const body = { access_token: 'new', token_type: 'Bearer' };
    scene.endpoint.script(() => ({ status: 200, body }));
    const { accessToken } = await keep.integration.getValidToken(userId, 'acme');
    expect(accessToken).toBe('new');
  });

  it.each<[string, unknown, string]>([
    ['a text', 'invalid_grant', 'deadGrant'],
    ['codes that are a text', { codes: 'gone' }, 'deadGrant.codes'],
    ['an empty code', { codes: [''] }, 'deadGrant.codes'],
    ['a status as a text', { statusWithEmptyBody: ['400'] }, 'deadGrant.statusWithEmptyBody'],
    ['a status of success', { statusWithEmptyBody: [200] }, 'deadGrant.statusWithEmptyBody'],
    ['a status of throttling', { statusWithEmptyBody: [429] }, 'deadGrant.statusWithEmptyBody'],
    ['a status of the server', { statusWithEmptyBody: [503] }, 'deadGrant.statusWithEmptyBody'],
    ['members that are no array', { members: { path: '/a', value: 'b' } }, 'deadGrant.members'],
    ['a path that is none', { members: [{ path: 'a', value: 'b' }] }, 'members.0.path'],
    ['a path with a bare tilde', { members: [{ path: '/a~', value: 'b' }] }, 'members.0.path'],
    ['no value', { members: [{ path: '/a' }] }, 'members.0.value'],
    ['an empty value', { members: [{ path: '/a', value: '' }] }, 'members.0.value'],
    ['a part that does not exist', { code: ['gone'] }, 'deadGrant.code'],
  ])('is refused by name when it is described by %s', async (_, deadGrant, argument) => {
    const keep = described(deadGrant as DeadGrant);
    const failure = await failureOf(keep.integration.getToken('u', 'acme'));
    expect(failure).toMatchObject({ name: 'InvalidArgumentError' });
    expect(failure['argument']).toMatch(new RegExp(`^providers\\.acme\\..*${argument}$`));
  });
});

describe('a refusal that does not pass', () => {
  it.each([
    [400, { error: 'invalid_request' }],
    [403, { error: 'unauthorized_client' }],
    [400, { error: 'odd' }],
    [404, ''],
  ])('is not called provider_unavailable: %s %j', async (status, body) => {
    const keep = scene.keep();
    const { userId } = await scene.user(keep);
    scene.endpoint.script(() => ({ status, body }));
    expect(await keep.integration.connectionStatus(userId, 'acme')).toMatchObject({
      active: false,
      reason: 'refused',
      error: { code: 'ERR_TOKENKEEP_PROVIDER_REFUSED', retryable: false },
    });
  });

  it('of a refreshFn is not called so either, and one that passes is', async () => {
    const keep = scene.keep();
    const { userId } = await scene.user(keep);
    const status = (code: number) =>
      keep.integration.connectionStatus(userId, 'acme', {
        refreshFn: async () => {
          throw Object.assign(new Error('x'), { response: { status: code } });
        },
      });
    expect(await status(400)).toMatchObject({ active: false, reason: 'refused' });
    await scene.change(userId, `access_token = access_token || ''`);
    const { userId: other } = await scene.user(keep);
    const passing = await keep.integration.connectionStatus(other, 'acme', {
      refreshFn: async () => {
        throw Object.assign(new Error('x'), { response: { status: 503 } });
      },
    });
    expect(passing).toMatchObject({ active: false, reason: 'provider_unavailable' });
  });
});

describe('Microsoft', () => {
  const keepOf = () =>
    scene.keep({
      providers: {
        microsoft: { tokenUrl: scene.endpoint.url, clientId: 'c', clientSecret: 's' },
      },
    });

  it.each([
    ['interaction_required', [50_079], 'ERR_TOKENKEEP_REVOKED'],
    ['invalid_client', [7_000_215], 'ERR_TOKENKEEP_CLIENT_REJECTED'],
    ['invalid_client', [7_000_229], 'ERR_TOKENKEEP_PROVIDER_REFUSED'],
    ['unauthorized_client', [700_016], 'ERR_TOKENKEEP_PROVIDER_REFUSED'],
    ['invalid_grant', [50_196], 'ERR_TOKENKEEP_PROVIDER_THROTTLED'],
    ['invalid_grant', [90_033], 'ERR_TOKENKEEP_PROVIDER_UNAVAILABLE'],
    ['invalid_grant', [700_082], 'ERR_TOKENKEEP_REVOKED'],
  ])('means by %s %j what its number says', async (error, error_codes, code) => {
    const keep = keepOf();
    const { userId } = await scene.user(keep, -60, 'microsoft');
    const headers = { 'retry-after': '60' };
    scene.endpoint.script(() => ({ status: 400, headers, body: { error, error_codes } }));
    const failure = await failureOf(keep.integration.getValidToken(userId, 'microsoft'));
    expect(failure.code).toBe(code);
  });
});

describe('revoke with confirm', () => {
  /** What comes of it when the provider answers so. */
  async function revoked(status: number, body: object | string) {
    const revocation = await startTokenEndpoint();
    try {
      revocation.script(() => ({ status, body }));
      const keep = described(undefined, { revocationUrl: revocation.url });
      const { userId } = await scene.user(keep);
      return await keep.integration
        .revoke(userId, 'acme', { confirm: true })
        .catch((error: { code: string }) => error.code);
    } finally {
      await revocation.close();
    }
  }

  it.each([
    [200, ''],
    [200, { ok: true, revoked: true }],
    [400, { error: 'invalid_token' }],
    [400, { status: 400, message: 'Invalid token' }],
    [400, { error_description: 'refresh token revoked', error: 'invalid_request' }],
    [200, { ok: false, error: 'token_revoked' }],
  ])('takes %i %j for a confirmation', async (status, body) => {
    expect(await revoked(status, body)).toBe(true);
  });

  it.each([
    [200, { ok: false }],
    [200, { ok: false, error: 'invalid_client_id' }],
    [200, { status: 'failure' }],
    [400, { error: 'invalid_request' }],
    [400, { error: 'unsupported_token_type' }],
    [503, ''],
  ])('takes %i %j for none', async (status, body) => {
    expect(await revoked(status, body)).toBe('ERR_TOKENKEEP_REVOKE_UNCONFIRMED');
  });
});
