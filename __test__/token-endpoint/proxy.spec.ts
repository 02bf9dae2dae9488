/** The HTTP proxy of the environment, with a process of its own: it has one HTTP client. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyDatabase, KEY, type TestDatabase } from '../helpers/database';
import { migrateOn } from '../helpers/tables';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

let database: TestDatabase;
let proxy: Server;
/** What the proxy was asked for. */
let asked: { line: string; headers: IncomingMessage['headers'] }[];

beforeEach(async () => {
  database = await emptyDatabase();
  await migrateOn(database, { stores: ['integration'] });
  await database.client.query(
    `INSERT INTO integration_tokens (user_id, provider, access_token, refresh_token, expires_at, scopes)
     VALUES ('ada', 'hubspot', 'a', 'r', now(), '{}')`,
  );
  asked = [];
  proxy = createServer((request, response) => {
    asked.push({ line: `${request.method} ${request.url}`, headers: request.headers });
    request.resume().on('end', () => {
      const answer = { access_token: 'new', refresh_token: 'next', expires_in: 3600 };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    });
  });
  proxy.on('connect', ({ method, url, headers }: IncomingMessage, socket) => {
    asked.push({ line: `${method} ${url}`, headers });
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
});
afterEach(async () => {
  proxy.closeAllConnections();
  proxy.close();
  await database.drop();
});

const proxyUrl = (user = '') => `http://${user}127.0.0.1:${(proxy.address() as AddressInfo).port}`;

/** Runs `tokenkeep refresh --json` with these variables. */
async function refresh(env: Record<string, string>) {
  const child = spawn(process.execPath, [main, 'refresh', '--json'], {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: database.url,
      TOKENKEEP_KEY: KEY,
      TOKENKEEP_HUBSPOT_CLIENT_ID: 'id',
      TOKENKEEP_HUBSPOT_CLIENT_SECRET: 'secret',
      TOKENKEEP_HUBSPOT_TOKEN_URL: 'http://token.test/token',
      TOKENKEEP_ALLOW_INSECURE_REQUESTS: '1',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk) => (stderr += chunk));
  await once(child, 'close');
  return { stderr, result: stdout ? JSON.parse(stdout) : undefined };
}

describe('a proxy', () => {
  it.each(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'])(
    'that %s names gets the requests, with its own credentials',
    async (name) => {
      const { result } = await refresh({ [name]: proxyUrl('ann:p%40ss@') });
      expect(result).toMatchObject({ refreshed: 1 });
      const credentials = Buffer.from('ann:p@ss').toString('base64');
      expect(asked).toMatchObject([
        {
          line: 'POST http://token.test/token',
          headers: { 'proxy-authorization': `Basic ${credentials}` },
        },
      ]);
    },
  );

  it('is asked for a tunnel to an endpoint with TLS, and sees no request', async () => {
    const { result } = await refresh({
      HTTPS_PROXY: proxyUrl(),
      TOKENKEEP_HUBSPOT_TOKEN_URL: 'https://token.test/token',
    });
    expect(result.failures).toMatchObject([{ code: 'ERR_TOKENKEEP_PROVIDER_UNAVAILABLE' }]);
    expect(asked.map(({ line }) => line)).toEqual(['CONNECT token.test:443']);
  });

  it.each(['token.test', '.test', '*.test', 'a.example, token.test', '*'])(
    'is not used for what NO_PROXY names: %s',
    async (hosts) => {
      const { result } = await refresh({ HTTPS_PROXY: proxyUrl(), NO_PROXY: hosts });
      expect(result).toMatchObject({ refreshed: 0, failed: 1 });
      expect(asked).toEqual([]);
    },
  );

  it('is not used for this machine', async () => {
    const { port } = proxy.address() as AddressInfo;
    const { result } = await refresh({
      HTTPS_PROXY: 'http://127.0.0.1:1',
      TOKENKEEP_HUBSPOT_TOKEN_URL: `http://localhost:${port}/token`,
    });
    expect(result).toMatchObject({ refreshed: 1 });
    expect(asked.map(({ line }) => line)).toEqual(['POST /token']);
  });

  it('that is no HTTP proxy is refused by name, without its password', async () => {
    const { stderr } = await refresh({ HTTPS_PROXY: 'socks5://ann:hunter2@127.0.0.1:1' });
    expect(stderr).toMatch(/HTTPS_PROXY: must be the URL of an HTTP proxy/);
    expect(stderr).not.toContain('hunter2');
  });
});
