/** How a provider refuses: with words of its own for a dead grant, and what connections are said to be. */

import { describe, expect, it } from 'vitest';
import type { ErrorRule, ProviderSettings } from '../../dist/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { failureOf } from '../helpers/promises';
import { useScene } from './scene';

const scene = useScene();

type Errors = ProviderSettings['errors'];

/** An instance whose provider is described so. */
const described = (errors: Errors, more: Partial<ProviderSettings> = {}) =>
  scene.keep({
    providers: {
      acme: {
        tokenUrl: scene.endpoint.url,
        clientId: 'client',
        clientSecret: 'secret',
        ...more,
        errors,
      },
    },
  });

/** One rule for a dead grant. */
const dead = (rule: Omit<ErrorRule, 'meaning'>): Errors => [{ ...rule, meaning: 'grant_dead' }];

describe('a provider with words of its own for a dead grant', () => {
  const own: [string, Errors, number, object | string][] = [
    ['a code', dead({ error: ['odd', 'gone_away'] }), 400, { error: 'gone_away' }],
    ['a code with status 200', dead({ error: 'gone' }), 200, { ok: false, error: 'gone' }],
    ['a status with an empty body', dead({ status: [400, 401], emptyBody: true }), 400, ''],
    [
      'a status in the body',
      dead({ path: '/status', value: 'BAD_REFRESH_TOKEN' }),
      400,
      { status: 'BAD_REFRESH_TOKEN', error: 'invalid_request', message: 'x' },
    ],
    [
      'a description of invalid_request, as jmondi',
      dead({ error: 'invalid_request', description: 'token has been REVOKED' }),
      400,
      { error: 'invalid_request', error_description: 'Token has been revoked' },
    ],
    [
      'a member of an array, as Strava',
      dead({ path: '/errors/0/field', value: 'refresh_token' }),
      400,
      { message: 'Bad Request', errors: [{ field: 'refresh_token', code: 'invalid' }] },
    ],
    ['a number', dead({ path: '/code', value: [4701, 4702] }), 400, { code: 4702 }],
    ['an element', dead({ path: '/codes', value: 4702 }), 400, { codes: [1, 4702] }],
    ['a member with status 200', dead({ path: '/ok', value: false }), 200, { ok: false }],
    [
      'words that ask the user to sign in',
      [{ path: '/suberror', value: 'bad_token', meaning: 'user_action' }],
      400,
      { error: 'invalid_request', suberror: 'bad_token' },
    ],
  ];

  it.each(own)('says so by %s', async (_, errors, status, body) => {
    const keep = described(errors);
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

  it('tells the word in the error', async () => {
    const keep = described(dead({ error: 'gone_away' }));
    const { userId } = await scene.user(keep);
    scene.endpoint.script(() => ({ status: 400, body: { error: 'gone_away' } }));
    const failure = await failureOf(keep.integration.getValidToken(userId, 'acme'));
    expect(failure).toMatchObject({ name: 'TokenRevokedError', providerCode: 'gone_away' });
  });

  it.each(own)('is not understood where nobody has described %s', async (_, _own, status, body) => {
    const keep = described(undefined);
    const { userId } = await scene.user(keep);
    scene.endpoint.script(() => ({ status, body }));
    await failureOf(keep.integration.getValidToken(userId, 'acme'));
    expect(await scene.row(userId)).toMatchObject({ invalid_since: null });
  });

  it.each<[string, Errors, object]>([
    ['429', dead({ error: 'gone' }), { status: 429, body: { error: 'gone' } }],
    ['500', dead({ error: 'gone' }), { status: 500, body: { error: 'gone' } }],
    ['502', dead({ path: '/a', value: 'b' }), { status: 502, body: { a: 'b' } }],
    ['a redirect', dead({ path: '/a', value: 'b' }), { status: 302, body: { a: 'b' } }],
    ['another status', dead({ status: 400, emptyBody: true }), { status: 401, body: '' }],
    ['a body', dead({ status: 400, emptyBody: true }), { status: 400, body: '{}' }],
    ['another value', dead({ path: '/a', value: 'b' }), { status: 400, body: { a: 'bc' } }],
    [
      'half of its conditions',
      dead({ error: 'gone', description: 'for ever' }),
      { status: 400, body: { error: 'gone', error_description: 'for a while' } },
    ],
    [
      'words that pass',
      dead({ error: 'invalid_request' }),
      { status: 400, body: { error: 'invalid_request', error_description: 'Too many requests' } },
    ],
  ])('does not say so with %s', async (_, errors, step) => {
    const keep = described(errors);
    const { userId } = await scene.user(keep);
    scene.endpoint.script(() => step);
    await failureOf(keep.integration.getValidToken(userId, 'acme'));
    expect(await scene.row(userId)).toMatchObject({ invalid_since: null });
  });

  it('does not say so beside an access token', async () => {
    const keep = described(dead({ path: '/token_type', value: 'Bearer' }));
    const { userId } = await scene.user(keep);
    const body = { access_token: 'new', token_type: 'Bearer' };
    scene.endpoint.script(() => ({ status: 200, body }));
    const { accessToken } = await keep.integration.getValidToken(userId, 'acme');
    expect(accessToken).toBe('new');
  });

  it('names the rule in the error, and no text of the provider', async () => {
    const keep = described([{ error: 'odd', code: 'ODD-1', meaning: 'administrator' }]);
    const { userId } = await scene.user(keep);
    const body = { error: 'odd', error_description: 'at-secret' };
    scene.endpoint.script(() => ({ status: 403, body }));
    const failure = await failureOf(keep.integration.getValidToken(userId, 'acme'));
    const told = { name: 'ProviderRefusedError', status: 403, providerCode: 'ODD-1' };
    expect(failure).toMatchObject(told);
    expect(failure.message).toMatch(/403 - ODD-1/);
    expect(failure.message).not.toContain('secret');
    expect(await scene.row(userId)).toMatchObject({ invalid_since: null });
  });

  const meaning = 'grant_dead';
  it.each<[string, unknown, string]>([
    ['a text', 'invalid_grant', 'errors'],
    ['one rule', { error: 'gone', meaning }, 'errors'],
    ['an empty code', [{ error: '', meaning }], 'errors.0.error'],
    ['a status as a text', [{ status: '400', emptyBody: true, meaning }], 'errors.0.status'],
    ['a status of throttling', [{ status: 429, error: 'a', meaning }], 'errors.0.status'],
    ['a status of the server', [{ status: [503], error: 'a', meaning }], 'errors.0.status.0'],
    ['a path that is none', [{ path: 'a', value: 'b', meaning }], 'errors.0.path'],
    ['a path with a bare tilde', [{ path: '/a~', value: 'b', meaning }], 'errors.0.path'],
    ['an empty value', [{ path: '/a', value: '', meaning }], 'errors.0.value'],
    ['another meaning', [{ error: 'a', meaning: 'dead' }], 'errors.0.meaning'],
    ['a condition that does not exist', [{ codes: ['gone'], meaning }], 'errors.0.codes'],
  ])('is refused by name when it is described by %s', async (_, errors, argument) => {
    const keep = described(errors as Errors);
    const failure = await failureOf(keep.integration.getToken('u', 'acme'));
    expect(failure).toMatchObject({
      name: 'InvalidArgumentError',
      argument: `providers.acme.${argument}`,
    });
  });

  it.each<[string, unknown]>([
    ['no condition', [{ meaning }]],
    ['a status alone', [{ status: 400, meaning }]],
    ['a path without a value', [{ path: '/a', meaning }]],
  ])('is refused by name when a rule has %s', async (_, errors) => {
    const keep = described(errors as Errors);
    const { userId } = await scene.user(keep);
    const failure = await failureOf(keep.integration.getValidToken(userId, 'acme'));
    expect(failure.name).toBe('ConfigurationError');
    expect(failure.message).toMatch(/^providers\.acme\.errors\.0: /);
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
