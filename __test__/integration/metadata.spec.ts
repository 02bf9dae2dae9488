/** What a row keeps of a connection besides its tokens, and what its endpoint is then. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ProviderSettings } from '../../dist/index.js';
import { failureOf } from '../helpers/promises';
import { type RecordingEndpoint, startRecordingEndpoint } from '../helpers/recording-endpoint';
import { inSeconds, someUser, useScene } from './scene';

const scene = useScene();

let endpoint: RecordingEndpoint;
afterEach(() => endpoint?.stop());

/** An instance with a provider that is described so and answers this. */
async function keepWith(described: Partial<ProviderSettings>, answer: object) {
  endpoint = await startRecordingEndpoint(answer);
  const client = { clientId: 'id', clientSecret: 's' };
  const acme = { tokenUrl: endpoint.url, ...client, ...described };
  return scene.keep({ providers: { acme } }).integration;
}

const expired = () => ({ accessToken: 'old', refreshToken: 'rt', expiresAt: inSeconds(-60) });
const ANSWER = { access_token: 'new', expires_in: 3600 };

describe('metadata', () => {
  it('keeps what a description names of a response, and hands it out with the token', async () => {
    const metadata = { team_id: '/team/id', instance_url: '/instance_url', none: '/none' };
    const answer = { ...ANSWER, team: { id: 7 }, instance_url: 'https://a.example', other: 'x' };
    const integration = await keepWith({ metadata }, answer);
    const userId = someUser();
    await integration.storeToken(userId, 'acme', { ...expired(), metadata: { own: ['kept'] } });
    const kept = { own: ['kept'], team_id: 7, instance_url: 'https://a.example' };
    expect((await integration.getValidToken(userId, 'acme')).metadata).toEqual(kept);
    expect((await integration.getToken(userId, 'acme'))?.metadata).toEqual(kept);
    expect(await integration.connectionStatus(userId, 'acme')).toMatchObject({ metadata: kept });
  });

  it('is empty where nothing is kept, and stays when tokens are stored without it', async () => {
    const integration = await keepWith({}, ANSWER);
    const userId = someUser();
    await integration.storeToken(userId, 'acme', expired());
    expect((await integration.getToken(userId, 'acme'))?.metadata).toEqual({});
    await integration.storeToken(userId, 'acme', { ...expired(), metadata: { a: 1, b: 2 } });
    await integration.storeToken(userId, 'acme', { ...expired(), metadata: { b: 3 } });
    await integration.storeToken(userId, 'acme', expired());
    expect((await integration.getValidToken(userId, 'acme')).metadata).toEqual({ a: 1, b: 3 });
  });

  it("leaves an application's own value alone if it is no object", async () => {
    const integration = await keepWith({ metadata: { a: '/a' } }, { ...ANSWER, a: 1 });
    const userId = someUser();
    await integration.storeToken(userId, 'acme', expired());
    await scene.change(userId, `metadata = '["own"]'`);
    expect((await integration.getValidToken(userId, 'acme')).accessToken).toBe('new');
    const { rows } = await scene.database.client.query(
      'SELECT metadata FROM integration_tokens WHERE user_id = $1',
      [userId],
    );
    expect(rows).toEqual([{ metadata: ['own'] }]);
  });

  it('is never a secret', async () => {
    const metadata = { token: '/authed_user/access_token' };
    const integration = await keepWith({ metadata }, ANSWER);
    const userId = someUser();
    await integration.storeToken(userId, 'acme', expired());
    const failure = await failureOf(integration.getValidToken(userId, 'acme'));
    expect(failure.message).toBe(
      'providers.acme.metadata.token: must not be a secret: metadata is stored as it is',
    );
  });

  it('is lost, and no token is, where the role must not write it', async () => {
    const integration = await keepWith({ metadata: { a: '/a' } }, { ...ANSWER, a: 1 });
    const userId = someUser();
    await integration.storeToken(userId, 'acme', expired());
    const { client } = scene.database;
    const role = `r${userId.replaceAll('-', '')}`;
    const columns = `access_token, refresh_token, expires_at, scopes, refreshing_at, invalid_since,
      invalid_reason, last_refreshed_at, last_error_code, failure_count, updated_at`;
    await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'role';
      GRANT SELECT, UPDATE (${columns}) ON integration_tokens TO ${role};
      GRANT USAGE ON SCHEMA tokenkeep TO ${role};
      GRANT ALL ON ALL TABLES IN SCHEMA tokenkeep TO ${role}`);
    const url = new URL(scene.database.url);
    [url.username, url.password] = [role, 'role'];
    const acme = { tokenUrl: endpoint.url, clientId: 'id', clientSecret: 's' };
    const providers = { acme: { ...acme, metadata: { a: '/a' } } };
    const keep = scene.keep({ databaseUrl: url.href, providers });
    try {
      expect((await keep.integration.getValidToken(userId, 'acme')).accessToken).toBe('new');
      expect(await integration.getToken(userId, 'acme')).toMatchObject({
        accessToken: 'new',
        metadata: {},
      });
    } finally {
      await keep.close();
      await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  it('is lost, and no token is, where a constraint refuses it', async () => {
    const integration = await keepWith({ metadata: { a: '/a' } }, { ...ANSWER, a: 1 });
    const userId = someUser();
    await integration.storeToken(userId, 'acme', expired());
    const { client } = scene.database;
    await client.query('ALTER TABLE integration_tokens ADD CHECK (metadata IS NULL) NOT VALID');
    try {
      expect((await integration.getValidToken(userId, 'acme')).accessToken).toBe('new');
      expect((await integration.getToken(userId, 'acme'))?.accessToken).toBe('new');
    } finally {
      const name = 'integration_tokens_metadata_check';
      await client.query(`ALTER TABLE integration_tokens DROP CONSTRAINT ${name}`);
    }
  });

  it.each(['null', '"vip"', '[1]'])('is empty where the column holds %s', async (json) => {
    const integration = await keepWith({}, ANSWER);
    const userId = someUser();
    await integration.storeToken(userId, 'acme', expired());
    await scene.change(userId, `metadata = '${json}'`);
    expect((await integration.getToken(userId, 'acme'))?.metadata).toEqual({});
  });

  it('is kept again where an ORM has written JSON null', async () => {
    const integration = await keepWith({ metadata: { a: '/a' } }, { ...ANSWER, a: 1 });
    const userId = someUser();
    await integration.storeToken(userId, 'acme', expired());
    await scene.change(userId, `metadata = 'null'`);
    await integration.getValidToken(userId, 'acme');
    expect((await integration.getToken(userId, 'acme'))?.metadata).toEqual({ a: 1 });
  });

  it('has no object that contains a token', async () => {
    const metadata = { user: '/authed_user', team: '/team' };
    const authed = { id: 'U1', tokens: [{ refresh_token: 'secret' }] };
    const answer = { ...ANSWER, authed_user: authed, team: { id: 'T1' } };
    const integration = await keepWith({ metadata }, answer);
    const userId = someUser();
    await integration.storeToken(userId, 'acme', expired());
    const token = await integration.getValidToken(userId, 'acme');
    expect(token.metadata).toEqual({ team: { id: 'T1' } });
  });

  it('is lost, and no token is, in a table that an older tokenkeep has migrated', async () => {
    const integration = await keepWith({ metadata: { a: '/a' } }, { ...ANSWER, a: 1 });
    const { client } = scene.database;
    await client.query('ALTER TABLE integration_tokens RENAME metadata TO away');
    try {
      const userId = someUser();
      await integration.storeToken(userId, 'acme', expired());
      expect(await integration.getValidToken(userId, 'acme')).toMatchObject({
        accessToken: 'new',
        metadata: { a: 1 },
      });
      expect(await integration.getToken(userId, 'acme')).toMatchObject({
        accessToken: 'new',
        metadata: {},
      });
      expect(await scene.row(userId)).toMatchObject({ refreshing_at: null, failure_count: 0 });
      // Ahead of time, and with a row that was sealed anew while the answer was on its way.
      await scene.change(userId, "expires_at = now() - interval '1 minute'");
      expect(await integration.refreshExpiring({ expiresWithin: 1 })).toMatchObject({ failed: 0 });
      await scene.change(userId, "invalid_since = now() + interval '1 minute'");
      expect((await failureOf(integration.getValidToken(userId, 'acme'))).name).toBe(
        'TokenRevokedError',
      );
      const asked = integration.storeToken(userId, 'acme', { ...expired(), metadata: { b: 1 } });
      expect((await failureOf(asked)).name).toBe('SchemaError');
    } finally {
      await client.query('ALTER TABLE integration_tokens RENAME away TO metadata');
    }
  });
});

describe('a table that an older tokenkeep has migrated', () => {
  it('loses no answer whose row has changed meanwhile', async () => {
    const keep = scene.keep();
    const { userId, refreshToken } = await scene.user(keep);
    const { client } = scene.database;
    await client.query('ALTER TABLE integration_tokens RENAME metadata TO away');
    try {
      scene.endpoint.script([{ delayMs: 500 }]);
      const asked = keep.integration.getValidToken(userId, 'acme');
      await vi.waitFor(() => expect(scene.endpoint.requests).toHaveLength(1));
      const token = { accessToken: 'other', expiresAt: inSeconds(-60) };
      await keep.integration.storeToken(userId, 'acme', token);
      const { accessToken } = await asked;
      const stored = await keep.integration.getToken(userId, 'acme');
      expect(stored).toMatchObject({ accessToken });
      expect(stored?.refreshToken).not.toBe(refreshToken);
    } finally {
      await client.query('ALTER TABLE integration_tokens RENAME away TO metadata');
    }
  });
});

describe("a connection's own variables", () => {
  const shop = { pattern: '[a-z]+', perConnection: true };
  const template = () => endpoint.url.replace('/token', '/{shop}/token');
  const described = async (more: Partial<ProviderSettings> = {}) => {
    const integration = await keepWith({}, ANSWER);
    const client = { clientId: 'id', clientSecret: 's' };
    const acme = { tokenUrl: template(), variables: { shop }, ...client, ...more };
    return { integration, keep: scene.keep({ providers: { acme } }) };
  };

  it('say where its row is refreshed, one by one and ahead of time', async () => {
    const { integration } = (await described()).keep;
    const [first, second, third] = [someUser(), someUser(), someUser()];
    const shops = { [first]: 'acme', [second]: 'best', [third]: 'cheap' };
    for (const [userId, name] of Object.entries(shops)) {
      await integration.storeToken(userId, 'acme', { ...expired(), metadata: { shop: name } });
    }
    await integration.getValidToken(first, 'acme');
    await integration.refreshExpiring({ expiresWithin: 60_000 });
    const paths = endpoint.requests.map(({ path }) => path);
    expect(paths.sort()).toEqual(['/acme/token', '/best/token', '/cheap/token']);
  });

  it('send nothing to where a row must not say', async () => {
    const { integration } = (await described()).keep;
    const userId = someUser();
    for (const [metadata, reason] of [
      [{ shop: 'evil/../x' }, 'must match [a-z]+'],
      [{}, 'is not set'],
      [{ shop: 7 }, 'is not set'],
    ] as const) {
      await integration.storeToken(userId, 'acme', expired());
      await scene.change(userId, `metadata = '${JSON.stringify(metadata)}'`);
      const failure = await failureOf(integration.getValidToken(userId, 'acme'));
      expect(failure.message).toBe(`providers.acme.variables.shop: ${reason}`);
    }
    expect(endpoint.requests).toEqual([]);
  });

  it('need an endpoint that is described, as none is found for each connection', async () => {
    const acme = {
      clientId: 'id',
      clientSecret: 's',
      issuer: 'https://issuer.example',
      authorizationUrl: 'https://{shop}.example/authorize',
      variables: { shop },
    };
    const { integration } = scene.keep({ providers: { acme } });
    const userId = someUser();
    await integration.storeToken(userId, 'acme', { ...expired(), metadata: { shop: 'a' } });
    const failure = await failureOf(integration.getValidToken(userId, 'acme'));
    expect(failure.message).toMatch(/^providers\.acme\.tokenUrl: is not set\. It cannot be found/);
  });

  it('yield to the value that the application has set', async () => {
    const fixed = { ...shop, default: 'fixed' };
    const { keep } = await described({ variables: { shop: { ...fixed, perConnection: false } } });
    const userId = someUser();
    await keep.integration.storeToken(userId, 'acme', { ...expired(), metadata: { shop: 'x' } });
    await keep.integration.getValidToken(userId, 'acme');
    expect(endpoint.requests[0]?.path).toBe('/fixed/token');
  });

  it('say where its tokens are revoked', async () => {
    const revocationUrl = () => endpoint.url.replace('/token', '/{shop}/revoke');
    await keepWith({}, ANSWER);
    const { keep } = await (async () => {
      const client = { clientId: 'id', clientSecret: 's' };
      const urls = { tokenUrl: template(), revocationUrl: revocationUrl() };
      const acme = { ...urls, variables: { shop }, ...client };
      return { keep: scene.keep({ providers: { acme } }) };
    })();
    const userId = someUser();
    await keep.integration.storeToken(userId, 'acme', { ...expired(), metadata: { shop: 'best' } });
    expect(await keep.integration.revoke(userId, 'acme', { confirm: true })).toBe(true);
    expect(endpoint.requests.map(({ path }) => path)).toEqual(['/best/revoke']);
  });
});

describe('a token that never expires', () => {
  it('is stored and returned without an expiry, and is never refreshed', async () => {
    const integration = await keepWith({ defaultExpiresIn: null }, ANSWER);
    const userId = someUser();
    await integration.storeToken(userId, 'acme', { ...expired(), expiresAt: null });
    const token = { accessToken: 'old', expiresAt: null };
    expect(await integration.getToken(userId, 'acme')).toMatchObject(token);
    expect(await integration.getValidToken(userId, 'acme')).toMatchObject(token);
    const status = { active: true, expiresAt: null };
    expect(await integration.connectionStatus(userId, 'acme')).toMatchObject(status);
    await integration.refreshExpiring({ expiresWithin: 1e12 });
    expect(await integration.getToken(userId, 'acme')).toMatchObject(token);
  });
});

describe('storeTokenResponse', () => {
  it('reads a response as the description says', async () => {
    const metadata = { team_id: '/team/id' };
    const integration = await keepWith({ tokensAt: '/authed_user', metadata }, ANSWER);
    const userId = someUser();
    const tokens = { access_token: 'at', refresh_token: 'rt', expires_in: 600, scope: 'a,b' };
    const response = { ok: true, authed_user: tokens, team: { id: 'T1' } };
    for (const body of [response, JSON.stringify(response)]) {
      await integration.storeTokenResponse(userId, 'acme', body, { metadata: { own: 1 } });
      const token = await integration.getToken(userId, 'acme');
      expect(token).toMatchObject({
        accessToken: 'at',
        refreshToken: 'rt',
        scopes: ['a', 'b'],
        metadata: { own: 1, team_id: 'T1' },
      });
      const left = Number(token?.expiresAt) - Date.now();
      expect(left).toBeGreaterThan(500_000);
      expect(left).toBeLessThan(601_000);
    }
  });

  it('takes the scopes that were asked for, where a response names none', async () => {
    const integration = await keepWith({ defaultExpiresIn: null }, ANSWER);
    const userId = someUser();
    const scopes = ['read'];
    await integration.storeTokenResponse(userId, 'acme', { access_token: 'at' }, { scopes });
    expect(await integration.getToken(userId, 'acme')).toMatchObject({ expiresAt: null, scopes });
  });

  it('keeps nothing of the account before, but what the application adds', async () => {
    const integration = await keepWith({ metadata: { team: '/team', plan: '/plan' } }, ANSWER);
    const userId = someUser();
    const grant = { access_token: 'at', refresh_token: 'rt' };
    const first = { ...grant, team: 'A', plan: 'pro' };
    await integration.storeTokenResponse(userId, 'acme', first, { metadata: { own: 1 } });
    await integration.storeTokenResponse(userId, 'acme', { ...grant, team: 'B' });
    expect((await integration.getToken(userId, 'acme'))?.metadata).toEqual({ own: 1, team: 'B' });
  });

  it('refuses what has no tokens, and stores nothing', async () => {
    const integration = await keepWith({}, ANSWER);
    const userId = someUser();
    for (const body of [{ error: 'invalid_grant' }, 'not JSON', {}, { access_token: '' }]) {
      const failure = await failureOf(integration.storeTokenResponse(userId, 'acme', body));
      expect(failure.message).toBe('response: must be a token response, with access_token');
    }
    expect(await integration.getToken(userId, 'acme')).toBeNull();
  });
});
