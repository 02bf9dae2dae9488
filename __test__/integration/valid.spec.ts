import { describe, expect, it, vi } from 'vitest';
import { ScopesMissingError } from '../../dist/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { failureOf } from '../helpers/promises';
import { inSeconds, SCOPES, someUser, useScene } from './scene';

const scene = useScene();

describe('getValidToken', () => {
  it('gives a fresh token as it is, and refreshes one that is not, once', async () => {
    const keep = scene.keep();
    const { getValidToken } = keep.integration;
    const fresh = await scene.user(keep, 3_600);
    expect(await getValidToken(fresh.userId, 'acme')).toMatchObject({
      accessToken: fresh.accessToken,
      scopes: SCOPES,
    });
    expect(scene.endpoint.requests).toHaveLength(0);
    const spent = await scene.user(keep);
    const tokens = await Promise.all([1, 2, 3].map(() => getValidToken(spent.userId, 'acme')));
    expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(scene.endpoint.requests).toHaveLength(1);
    expect(await scene.row(spent.userId)).toMatchObject({
      last_refreshed_at: expect.any(Date),
      failure_count: 0,
      refreshing_at: null,
    });
  });

  it('refreshes a token that is shorter than minTtlMs asks for', async () => {
    const keep = scene.keep();
    const { userId } = await scene.user(keep, 1_000);
    const { getValidToken } = keep.integration;
    await getValidToken(userId, 'acme', { minTtlMs: 900_000 });
    expect(scene.endpoint.requests).toHaveLength(0);
    await getValidToken(userId, 'acme', { minTtlMs: 1_100_000 });
    expect(scene.endpoint.requests).toHaveLength(1);
    const short = await scene.user(keep, 120);
    const { accessToken } = await getValidToken(short.userId, 'acme', { minTtlMs: 60_000 });
    expect(accessToken).toBe(short.accessToken);
  });

  it('refreshes a fresh token when asked to; a refresh that is seconds old is shared', async () => {
    const keep = scene.keep();
    const { getValidToken } = keep.integration;
    const { userId, accessToken: old } = await scene.user(keep, 3_600);
    const force = () => getValidToken(userId, 'acme', { forceRefresh: true });
    const [one, two] = await Promise.all([force(), force()]);
    expect(one.accessToken).not.toBe(old);
    expect(two.accessToken).toBe(one.accessToken);
    expect((await force()).accessToken).toBe(one.accessToken);
    expect(scene.endpoint.requests).toHaveLength(1);
    await scene.change(userId, `last_refreshed_at = now() - interval '6 seconds'`);
    expect((await force()).accessToken).not.toBe(one.accessToken);
    expect(scene.endpoint.requests).toHaveLength(2);
  });

  it('never gives the old token in the place of one that was forced and failed', async () => {
    const keep = scene.keep();
    const { userId, accessToken } = await scene.user(keep, 3_600);
    scene.endpoint.script([{ status: 400, body: { error: 'invalid_request' } }]);
    const { getValidToken } = keep.integration;
    const failure = await failureOf(getValidToken(userId, 'acme', { forceRefresh: true }));
    expect(failure.code).toBe('ERR_TOKENKEEP_PROVIDER_REFUSED');
    expect((await getValidToken(userId, 'acme')).accessToken).toBe(accessToken);
    await vi.waitFor(async () =>
      expect(await scene.row(userId)).toMatchObject({
        last_error_code: 'ERR_TOKENKEEP_PROVIDER_REFUSED',
        failure_count: 1,
        refreshing_at: null,
      }),
    );
  });

  it('names the scopes that are missing', async () => {
    const keep = scene.keep();
    const { userId } = await scene.user(keep, 3_600);
    const { getValidToken } = keep.integration;
    await getValidToken(userId, 'acme', { scopes: ['write'] });
    const failure = await failureOf(getValidToken(userId, 'acme', { scopes: ['write', 'admin'] }));
    expect(failure).toBeInstanceOf(ScopesMissingError);
    expect(failure).toMatchObject({
      code: 'ERR_TOKENKEEP_SCOPES_MISSING',
      missingScopes: ['admin'],
      scopes: SCOPES,
    });
  });

  it('while somebody refreshes gives everybody else the usable token at once', async () => {
    const keep = scene.keep();
    const { userId, accessToken } = await scene.user(keep, 120);
    scene.endpoint.script([{ delayMs: 1_000 }]);
    const { getValidToken } = keep.integration;
    const first = getValidToken(userId, 'acme');
    await vi.waitFor(() => expect(scene.endpoint.requests).toHaveLength(1));
    const other = scene.keep().integration;
    expect((await other.getValidToken(userId, 'acme')).accessToken).toBe(accessToken);
    expect((await getValidToken(userId, 'acme')).accessToken).toBe(accessToken);
    expect((await first).accessToken).not.toBe(accessToken);
  });

  it('waits for the new token while somebody refreshes, where usableAtOnce says so', async () => {
    const keep = scene.keep();
    const { userId, accessToken } = await scene.user(keep, 120);
    scene.endpoint.script([{ delayMs: 500 }]);
    const first = keep.integration.getValidToken(userId, 'acme');
    await vi.waitFor(() => expect(scene.endpoint.requests).toHaveLength(1));
    const patient = scene.keep({ usableAtOnce: false }).integration;
    const waited = await patient.getValidToken(userId, 'acme');
    expect(waited.accessToken).not.toBe(accessToken);
    expect(waited.accessToken).toBe((await first).accessToken);
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('marks a dead grant, and a new connection revives it', async () => {
    const keep = scene.keep();
    const { userId, refreshToken } = await scene.user(keep);
    scene.endpoint.revoke(refreshToken);
    const { getValidToken } = keep.integration;
    const failure = await failureOf(getValidToken(userId, 'acme'));
    expect(failure.code).toBe('ERR_TOKENKEEP_REVOKED');
    expect(await scene.row(userId)).toMatchObject({
      invalid_since: expect.any(Date),
      invalid_reason: 'invalid_grant',
      last_error_code: 'ERR_TOKENKEEP_REVOKED',
      failure_count: 1,
    });
    expect((await failureOf(getValidToken(userId, 'acme'))).code).toBe('ERR_TOKENKEEP_REVOKED');
    expect(scene.endpoint.requests).toHaveLength(1);
    await keep.integration.storeToken(userId, 'acme', {
      ...scene.endpoint.issue(),
      expiresAt: inSeconds(-1),
    });
    await getValidToken(userId, 'acme');
    expect(await scene.row(userId)).toMatchObject({ invalid_since: null, failure_count: 0 });
  });

  it('refreshes with a refreshFn, whose scopes are kept', async () => {
    const keep = scene.keep();
    const { userId, refreshToken } = await scene.user(keep, -1, 'unknown');
    const refreshFn = vi.fn(async () => ({
      accessToken: 'new',
      expiryDate: Date.now() + 3_600_000,
      scopes: ['read', 'admin'],
    }));
    const token = await keep.integration.getValidToken(userId, 'unknown', { refreshFn });
    expect(refreshFn).toHaveBeenCalledWith(refreshToken, expect.anything());
    expect(token).toMatchObject({ accessToken: 'new', refreshToken, scopes: ['read', 'admin'] });
    expect((await scene.row(userId, 'unknown'))!.scopes).toEqual(['read', 'admin']);
  });

  it.each([
    ['of an empty text', ''.split(' ')],
    ['an empty one', ['read', '']],
    ['a lone surrogate', ['\ud800']],
    ['too long', ['x'.repeat(1_025)]],
    ['no list', 'read admin'],
    ['no texts', [1]],
  ])('loses no rotated token to scopes that are none: %s', async (_, scopes) => {
    const keep = scene.keep();
    const { userId } = await scene.user(keep, -1, 'unknown');
    const before = (await keep.integration.getToken(userId, 'unknown'))!.scopes;
    const expiryDate = Date.now() + 3_600_000;
    const refreshFn = async () =>
      ({ accessToken: 'new', refreshToken: 'rotated', expiryDate, scopes }) as never;
    await keep.integration.getValidToken(userId, 'unknown', { refreshFn });
    const token = await keep.integration.getToken(userId, 'unknown');
    expect(token).toMatchObject({ accessToken: 'new', refreshToken: 'rotated', scopes: before });
  });

  it('says which option is missing for a provider that nobody has described', async () => {
    const keep = scene.keep();
    const { userId } = await scene.user(keep, -1, 'unknown');
    const failure = await failureOf(keep.integration.getValidToken(userId, 'unknown'));
    expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_CONFIGURATION', option: 'providers' });
    expect(failure.message).toMatch(/^providers.unknown: is not set/);
  });
});

describe('connectionStatus', () => {
  it('says how a connection is', async () => {
    const keep = scene.keep();
    const { connectionStatus } = keep.integration;
    expect(await connectionStatus(someUser(), 'acme')).toMatchObject({
      active: false,
      reason: 'not_connected',
    });
    const { userId, accessToken, refreshToken } = await scene.user(keep, 3_600);
    expect(await connectionStatus(userId, 'acme', { scopes: ['read', 'admin'] })).toEqual({
      active: true,
      accessToken,
      expiresAt: expect.any(Date),
      scopes: SCOPES,
      metadata: {},
      missingScopes: ['admin'],
    });
    await scene.change(userId, `expires_at = now()`);
    scene.endpoint.script([{ times: 20, status: 503 }]);
    expect(await connectionStatus(userId, 'acme')).toMatchObject({
      active: false,
      reason: 'provider_unavailable',
    });
    scene.endpoint.script([]);
    scene.endpoint.revoke(refreshToken);
    expect(await scene.keep().integration.connectionStatus(userId, 'acme')).toMatchObject({
      active: false,
      reason: 'needs_reauthorization',
      error: { code: 'ERR_TOKENKEEP_REVOKED' },
    });
  });

  it('is no answer when the database is away', async () => {
    const keep = scene.keep({ databaseUrl: 'postgres://127.0.0.1:1/none' });
    const failure = await failureOf(keep.integration.connectionStatus('u', 'acme'));
    expect(failure.code).toBe('ERR_TOKENKEEP_DATABASE');
  });
});

describe('a client', () => {
  const forms = () => scene.endpoint.requests.map(({ form }) => form);

  it('whose secret is being replaced is asked for with both, and remembered', async () => {
    const tokenUrl = scene.endpoint.url;
    const clientSecret = ['new', 'old'];
    const keep = scene.keep({ providers: { acme: { tokenUrl, clientId: 'c', clientSecret } } });
    scene.endpoint.script((request) =>
      request.form['client_secret'] === 'old'
        ? undefined
        : { status: 401, body: { error: 'invalid_client' } },
    );
    const { getValidToken } = keep.integration;
    const [one, two] = [await scene.user(keep), await scene.user(keep)];
    await getValidToken(one.userId, 'acme');
    await getValidToken(two.userId, 'acme');
    expect(forms().map((form) => form['client_secret'])).toEqual(['new', 'old', 'old']);
  });

  it('without a secret sends none, and with Basic none in the body', async () => {
    const tokenUrl = scene.endpoint.url;
    const client = { tokenUrl, clientId: 'c' };
    const keep = scene.keep({
      providers: {
        open: { ...client, clientAuthentication: 'none' },
        basic: { ...client, clientSecret: 's', clientAuthentication: 'client_secret_basic' },
      },
    });
    for (const provider of ['open', 'basic']) {
      const { userId } = await scene.user(keep, -1, provider);
      await keep.integration.getValidToken(userId, provider);
    }
    expect(forms()[0]).toMatchObject({ client_id: 'c' });
    expect(forms()[0]).not.toHaveProperty('client_secret');
    expect(forms()[1]).not.toHaveProperty('client_id');
    expect(forms()[1]).not.toHaveProperty('client_secret');
  });

  it('of a provider that is built in needs no more than its credentials', async () => {
    const credentials = { clientId: 'c', clientSecret: 's' };
    for (const provider of ['microsoft', 'zoho', 'github', 'slack', 'salesforce', 'google']) {
      const variable = `TOKENKEEP_${provider.toUpperCase()}_TOKEN_URL`;
      process.env[variable] = scene.endpoint.url;
      const keep = scene.keep({ providers: { [provider]: credentials } });
      const { userId } = await scene.user(keep, -1, provider);
      await keep.integration.getValidToken(userId, provider);
      delete process.env[variable];
    }
    expect(scene.endpoint.requests).toHaveLength(6);
  });

  it('that is described in a wrong way is an error that says so', async () => {
    const tokenUrl = scene.endpoint.url;
    const wrong: [string, object][] = [
      ['tokenUrl', { clientId: 'c', clientSecret: 's' }],
      ['clientSecret', { tokenUrl, clientId: 'c' }],
      ['tokenUrl', { tokenUrl: 'ftp://x', clientId: 'c', clientSecret: 's' }],
      ['revocationUrl', { tokenUrl, clientId: 'c', clientSecret: 's', revocationUrl: 'x' }],
    ];
    for (const [field, acme] of wrong as [string, never][]) {
      const keep = scene.keep({ providers: { acme } });
      const { userId } = await scene.user(keep);
      expect(await failureOf(keep.integration.getValidToken(userId, 'acme'))).toMatchObject({
        code: 'ERR_TOKENKEEP_CONFIGURATION',
        option: 'providers',
        message: expect.stringMatching(`^providers.acme.${field}: (must be|is not set)`),
      });
    }
  });
});

describe('revoke', () => {
  it('deletes first, then asks the provider, once and with the type of the token', async () => {
    const revocation = await startTokenEndpoint();
    const keep = scene.keep({
      providers: {
        acme: {
          tokenUrl: scene.endpoint.url,
          revocationUrl: revocation.url,
          clientId: 'c',
          clientSecret: 's',
        },
      },
    });
    const { userId, refreshToken } = await scene.user(keep);
    let rowWhenTold: unknown = 'untold';
    revocation.script(async () => {
      rowWhenTold = await scene.row(userId);
      return { status: 200, body: '' };
    });
    expect(await keep.integration.revoke(userId, 'acme', { confirm: true })).toBe(true);
    expect(rowWhenTold).toBeUndefined();
    expect(revocation.requests.map(({ form }) => form)).toEqual([
      {
        token: refreshToken,
        token_type_hint: 'refresh_token',
        client_id: 'c',
        client_secret: 's',
      },
    ]);
    expect(await keep.integration.revoke(userId, 'acme', { confirm: true })).toBe(false);
    await revocation.close();
  });

  it('at a provider that cannot be asked is an event, and with confirm an error', async () => {
    const keep = scene.keep();
    const { userId } = await scene.user(keep);
    expect(await keep.integration.revoke(userId, 'acme')).toBe(true);
    expect(scene.events).toEqual([
      {
        type: 'revoke.unconfirmed',
        store: 'integration',
        key: `${userId}/acme`,
        code: 'ERR_TOKENKEEP_CONFIGURATION',
      },
    ]);
    const again = await scene.user(keep);
    const confirmed = keep.integration.revoke(again.userId, 'acme', { confirm: true });
    expect((await failureOf(confirmed)).message).toContain('revocationUrl');
    expect(await scene.row(again.userId)).toBeDefined();

    const away = scene.keep({
      providers: {
        acme: {
          tokenUrl: scene.endpoint.url,
          revocationUrl: 'http://127.0.0.1:1/revoke',
          clientId: 'c',
          clientSecret: 's',
        },
      },
    });
    const failure = await failureOf(
      away.integration.revoke(again.userId, 'acme', { confirm: true }),
    );
    expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_REVOKE_UNCONFIRMED', retryable: false });
    expect(await scene.row(again.userId)).toBeUndefined();
  });

  it('of google goes where google is, and never to Google itself with what is not its own', async () => {
    const revocation = await startTokenEndpoint();
    revocation.script([{ times: 9, status: 200, body: '' }]);
    const google = {
      googleClientId: 'c',
      googleClientSecret: 's',
      googleTokenUrl: scene.endpoint.url,
    };
    const sent: string[] = [];
    const counting = (url: string, init: RequestInit) => {
      sent.push(url);
      return fetch(url, init);
    };
    const [told, untold] = [
      scene.keep({ ...google, googleRevocationUrl: revocation.url, fetch: counting }),
      scene.keep({ ...google, fetch: counting }),
    ];
    for (const keep of [told, untold]) {
      const { userId } = await scene.user(keep, 60, 'google');
      await keep.integration.revoke(userId, 'google');
    }
    expect(sent).toEqual([revocation.url]);
    expect(scene.events.map(({ type }) => type)).toEqual(['revoke.unconfirmed']);
    await revocation.close();
  });
});
