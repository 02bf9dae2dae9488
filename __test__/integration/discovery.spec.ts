/** Endpoints that are found through an issuer, by servers that do what a good one will not. */

import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProviderSettings } from '../../dist/index.js';
import { failureOf } from '../helpers/promises';
import { inSeconds, someUser, useScene } from './scene';

const scene = useScene();

type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void;

let server: http.Server;
let origin: string;
/** What is answered, by path; anything else is not found. */
let paths: Record<string, Answer>;
let asked: { path: string; body: string; headers: http.IncomingHttpHeaders }[];

beforeEach(async () => {
  [paths, asked] = [{}, []];
  server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const path = request.url ?? '';
    asked.push({ path, body, headers: request.headers });
    const answer = paths[path];
    if (answer) answer(request, response);
    else response.writeHead(404).end('not here');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  paths['/token'] = json({ access_token: 'new', refresh_token: 'next', expires_in: 3_600 });
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const json =
  (body: object, status = 200): Answer =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

const metadata = (issuer = origin, more: object = {}) => ({
  issuer,
  token_endpoint: `${origin}/token`,
  ...more,
});

const OAUTH = '/.well-known/oauth-authorization-server';
const OPENID = '/.well-known/openid-configuration';

/** An instance with a described provider, and a user whose token has run out, or has so many seconds left. */
async function userAt(described: Partial<ProviderSettings> = {}, left = -60) {
  const acme = { clientId: 'id', clientSecret: 's', issuer: origin, ...described };
  const keep = scene.keep({ providers: { acme } });
  const userId = someUser();
  const token = { accessToken: 'old', refreshToken: 'rt', expiresAt: inSeconds(left) };
  await keep.integration.storeToken(userId, 'acme', token);
  return { keep, userId };
}

async function refreshed(described: Partial<ProviderSettings> = {}) {
  const { keep, userId } = await userAt(described);
  return keep.integration.getValidToken(userId, 'acme');
}

const pathsAsked = () => asked.map(({ path }) => path);

describe('discovery', () => {
  it.each<[string, string, string[]]>([
    ['RFC 8414', `${OAUTH}/tenant`, []],
    ['OpenID Connect', `/tenant${OPENID}`, [`${OAUTH}/tenant`]],
    ['RFC 8414, section 5', `${OPENID}/tenant`, [`${OAUTH}/tenant`, `/tenant${OPENID}`]],
  ])('finds metadata at the address of %s', async (_, path, before) => {
    const issuer = `${origin}/tenant`;
    paths[path] = json(metadata(issuer));
    expect((await refreshed({ issuer })).accessToken).toBe('new');
    expect(pathsAsked()).toEqual([...before, path, '/token']);
  });

  it('goes on to the next address past errors, redirects and what is no metadata', async () => {
    const issuer = `${origin}/tenant`;
    paths[`${OAUTH}/tenant`] = (_, response) =>
      response.writeHead(302, { location: `${origin}/elsewhere` }).end();
    paths['/elsewhere'] = json(metadata(issuer));
    paths[`/tenant${OPENID}`] = (_, response) => response.writeHead(200).end('<html>');
    paths[`${OPENID}/tenant`] = json(metadata(issuer));
    expect((await refreshed({ issuer })).accessToken).toBe('new');
    expect(pathsAsked()).not.toContain('/elsewhere');
  });

  it('happens once, for all callers of all instances', async () => {
    paths[OPENID] = json(metadata());
    const users = await Promise.all(Array.from({ length: 10 }, () => userAt()));
    await Promise.all(
      users.map(({ keep, userId }) => keep.integration.getValidToken(userId, 'acme')),
    );
    expect(pathsAsked().filter((path) => path === OPENID)).toHaveLength(1);
    expect(pathsAsked().filter((path) => path === '/token')).toHaveLength(10);
  });

  it('does not happen when an instance opens, nor where the token endpoint is described', async () => {
    await userAt();
    expect(asked).toEqual([]);
    await refreshed({ tokenUrl: `${origin}/token` });
    expect(pathsAsked()).toEqual(['/token']);
  });

  it('authenticates as the metadata says', async () => {
    const methods = { token_endpoint_auth_methods_supported: ['client_secret_basic'] };
    paths[OPENID] = json(metadata(origin, methods));
    await refreshed();
    const { headers, body } = asked.at(-1)!;
    expect(headers.authorization).toBe(`Basic ${Buffer.from('id:s').toString('base64')}`);
    expect(body).not.toContain('client_secret');
    await refreshed({ clientAuthentication: 'client_secret_post' });
    expect(asked.at(-1)?.body).toContain('client_secret=s');
  });

  it('goes through the fetch of the application', async () => {
    paths[OPENID] = json(metadata());
    const urls: [string, unknown][] = [];
    const acme = { clientId: 'id', clientSecret: 's', issuer: origin };
    const keep = scene.keep({
      providers: { acme },
      fetch: (url, init) => {
        urls.push([url, init.method]);
        return fetch(url, init);
      },
    });
    const { userId } = await scene.user(keep);
    expect((await keep.integration.getValidToken(userId, 'acme')).accessToken).toBe('new');
    expect(urls).toEqual([
      [`${origin}${OAUTH}`, 'GET'],
      [`${origin}${OPENID}`, 'GET'],
      [`${origin}/token`, 'POST'],
    ]);
    const [{ headers, body }] = asked as [(typeof asked)[0]];
    expect([headers.accept, headers['content-type'], body]).toEqual([
      'application/json',
      undefined,
      '',
    ]);
  });

  it('is refused at once where the issuer cannot be one', async () => {
    const failure = await failureOf(refreshed({ issuer: 'https://as.example/?a=1' }));
    expect(failure.name).toBe('ConfigurationError');
    expect(failure.message).toMatch(/^providers\.acme\.issuer: must be a URL without a query/);
  });

  it('can begin with a variable', async () => {
    paths[OPENID] = json(metadata());
    const variables = {
      TOKENKEEP_NOWHERE_CLIENT_ID: 'id',
      TOKENKEEP_NOWHERE_CLIENT_SECRET: 's',
      TOKENKEEP_NOWHERE_ISSUER: origin,
    };
    Object.assign(process.env, variables);
    try {
      const keep = scene.keep({ providers: {} });
      const { userId } = await scene.user(keep, -60, 'nowhere');
      expect((await keep.integration.getValidToken(userId, 'nowhere')).accessToken).toBe('new');
    } finally {
      for (const name of Object.keys(variables)) delete process.env[name];
    }
  });
});

describe('a refresh whose discovery fails', () => {
  const failures: [string, () => void, RegExp][] = [
    [
      'finds the document of another issuer',
      () => (paths[OPENID] = json(metadata('https://other.example'))),
      /openid-configuration: the document is of another issuer/,
    ],
    [
      'finds an issuer that differs by a slash',
      () => (paths[OPENID] = json(metadata(`${origin}/`))),
      /of another issuer.*down to a slash/,
    ],
    [
      'finds a document without an issuer',
      () => (paths[OPENID] = json({ token_endpoint: `${origin}/token` })),
      /the document names no issuer/,
    ],
    [
      'finds no token endpoint',
      () => (paths[OPENID] = json({ issuer: origin })),
      /the document has no token_endpoint/,
    ],
    [
      'finds a token endpoint without TLS on another machine',
      () => (paths[OPENID] = json(metadata(origin, { token_endpoint: 'http://as.example/t' }))),
      /an endpoint in the document is no https/,
    ],
    [
      'finds nothing',
      () => {},
      /oauth-authorization-server and .*openid-configuration: it answered 404/,
    ],
    [
      'is sent elsewhere',
      () => {
        for (const path of [OAUTH, OPENID]) {
          paths[path] = (_, response) =>
            response.writeHead(301, { location: 'https://other.example/' }).end();
        }
      },
      /a redirect, which is not followed/,
    ],
    [
      'gets more than a document',
      () => {
        paths[OAUTH] = (_, response) => {
          response.writeHead(200);
          const more = () => {
            while (!response.destroyed && response.write(' '.repeat(65_536)));
            if (!response.destroyed) response.once('drain', more);
          };
          more();
        };
      },
      /the document is larger than 1 MiB/,
    ],
    [
      'loses the connection',
      () => (paths[OAUTH] = (request) => request.socket.destroy()),
      /oauth-authorization-server: the connection was lost/,
    ],
  ];

  it.each(failures)(
    'since it %s loses nothing, and names address and reason',
    async (_, set, text) => {
      set();
      const { keep, userId } = await userAt();
      const failure = await failureOf(keep.integration.getValidToken(userId, 'acme'));
      expect(failure).toMatchObject({
        code: 'ERR_TOKENKEEP_PROVIDER_UNAVAILABLE',
        retryable: true,
      });
      expect(failure.message).toMatch(text);
      expect(failure.message).toContain(`discovery failed at ${origin}/.well-known/`);
      expect(pathsAsked()).not.toContain('/token');
      const kept = await keep.integration.getToken(userId, 'acme');
      expect(kept).toMatchObject({ accessToken: 'old', refreshToken: 'rt' });
      expect(await scene.row(userId)).toMatchObject({ invalid_since: null });
    },
  );

  it('hands out a usable token', async () => {
    const { keep, userId } = await userAt({}, 120);
    expect((await keep.integration.getValidToken(userId, 'acme')).accessToken).toBe('old');
    expect(pathsAsked()).toContain(OAUTH);
  });

  it('ends when the server hangs, before the outcome could be unknown', async () => {
    const hanging: http.ServerResponse[] = [];
    paths[OAUTH] = (_, response) => void hanging.push(response);
    const { keep, userId } = await userAt();
    const failure = await failureOf(keep.integration.getValidToken(userId, 'acme'));
    expect(failure.code).toBe('ERR_TOKENKEEP_PROVIDER_UNAVAILABLE');
    expect(failure.message).toMatch(/oauth-authorization-server: no answer in time/);
    expect(hanging.length).toBeGreaterThan(0);
    expect(await scene.row(userId)).toMatchObject({ refreshing_at: null, invalid_since: null });
  });

  it('works again when the server is back', async () => {
    const { keep, userId } = await userAt();
    await failureOf(keep.integration.getValidToken(userId, 'acme'));
    paths[OAUTH] = json(metadata());
    await expect
      .poll(() => keep.integration.getValidToken(userId, 'acme').catch(() => undefined), {
        timeout: 20_000,
        interval: 500,
      })
      .toMatchObject({ accessToken: 'new' });
  });

  it('deletes nothing where a revocation must be confirmed', async () => {
    const { keep, userId } = await userAt();
    const failure = await failureOf(keep.integration.revoke(userId, 'acme', { confirm: true }));
    expect(failure.code).toBe('ERR_TOKENKEEP_PROVIDER_UNAVAILABLE');
    expect(await keep.integration.getToken(userId, 'acme')).not.toBeNull();
  });
});
