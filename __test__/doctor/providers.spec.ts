/** The providers: whether they can be reached, and the credentials for them. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { providerChecks } from '../../dist/cli/doctor/providers.js';
import { file, text } from '../tls/server';
import { COMPLETE, type Environment, examine } from './doctor';

const servers: { close(): unknown }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A token endpoint that wants a form and gets none. */
async function endpoint(tls = false) {
  const asked: IncomingMessage[] = [];
  const answer: RequestListener = (request, response) => {
    asked.push(request);
    response.writeHead(405).end();
  };
  const identity = { cert: text('server.pem'), key: text('server.key') };
  const server = tls ? createTlsServer(identity, answer) : createServer(answer);
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { asked, url: `${tls ? 'https' : 'http'}://localhost:${port}/token?key=secret` };
}

const AWAY = { DATABASE_URL: 'postgres://u:p@127.0.0.1:1/d' };
const look = (env: Environment, args: string[] = []) =>
  examine({ ...COMPLETE, ...AWAY, ...env }, ['--store', 'gmail,zoho', ...args]);

describe('a provider', () => {
  it('that answers anything is reached, and gets no secret', async () => {
    const [google, zoho] = [await endpoint(), await endpoint()];
    const { check, stdout } = await look({
      TOKENKEEP_GOOGLE_TOKEN_URL: google.url,
      TOKENKEEP_ZOHO_TOKEN_URL: zoho.url,
      ZOHO_REFRESH_TOKEN: 'refresh-token-of-test',
    });
    for (const name of ['google', 'zoho']) {
      expect(check(`providers.${name}.reachable`)).toMatchObject({
        status: 'ok',
        values: { status: 405 },
      });
    }
    const [request] = google.asked;
    expect(google.asked).toHaveLength(1);
    expect(request).toMatchObject({ method: 'HEAD' });
    expect(JSON.stringify(request!.rawHeaders)).not.toMatch(/of-test|authorization/i);
    expect(stdout).not.toContain('key=secret');
    expect(stdout).not.toContain('of-test');
  });

  it('that cannot be reached is a problem', async () => {
    const gone = await endpoint();
    for (const server of servers.splice(0)) server.close();
    const urls = { TOKENKEEP_GOOGLE_TOKEN_URL: gone.url, TOKENKEEP_ZOHO_TOKEN_URL: 'zoho' };
    const { check } = await look(urls);
    expect(check('providers.google.reachable')).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('could not connect'),
    });
    expect(check('providers.zoho.reachable')).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('not an http or https URL'),
    });
  });

  it('is trusted as refreshes trust it', async () => {
    const { url } = await endpoint(true);
    const urls = { TOKENKEEP_GOOGLE_TOKEN_URL: url, TOKENKEEP_ZOHO_TOKEN_URL: url };
    expect((await look(urls)).check('providers.google.reachable')).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('the TLS handshake failed'),
      fix: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
    const trusting = await look({ ...urls, NODE_EXTRA_CA_CERTS: file('authority.pem') });
    expect(trusting.check('providers.google.reachable')).toMatchObject({ status: 'ok' });
  });

  it('is not asked with --offline', async () => {
    const google = await endpoint();
    const { check } = await look({ TOKENKEEP_GOOGLE_TOKEN_URL: google.url }, ['--offline']);
    expect(check('providers.google.reachable')).toMatchObject({ status: 'unknown' });
    expect(google.asked).toHaveLength(0);
  });

  it('of another name is known by its token URL, and its credentials are not', async () => {
    const { url } = await endpoint();
    const env = { TOKENKEEP_MY_CRM_TOKEN_URL: url };
    const { check } = await look({
      ...env,
      TOKENKEEP_GOOGLE_TOKEN_URL: url,
      TOKENKEEP_ZOHO_TOKEN_URL: url,
    });
    expect(check('providers.my_crm.reachable')).toMatchObject({ status: 'ok' });
    expect(check('providers.my_crm.client')).toMatchObject({ status: 'unknown' });
  });

  it('with a client in the environment is checked, and a wrong one is a problem', async () => {
    const { url } = await endpoint();
    const { check } = await look({
      TOKENKEEP_GOOGLE_TOKEN_URL: url,
      TOKENKEEP_ZOHO_TOKEN_URL: url,
      TOKENKEEP_HUBSPOT_CLIENT_ID: 'id',
      TOKENKEEP_HUBSPOT_CLIENT_SECRET: 'secret-of-test',
      TOKENKEEP_HUBSPOT_TOKEN_URL: url,
      TOKENKEEP_MICROSOFT_CLIENT_ID: 'id',
      TOKENKEEP_MICROSOFT_CLIENT_SECRET: 'secret-of-test',
      TOKENKEEP_MICROSOFT_TENANT: 'a/b',
    });
    expect(check('providers.hubspot.reachable')).toMatchObject({ status: 'ok' });
    expect(check('providers.hubspot.client')).toMatchObject({ status: 'ok' });
    expect(check('providers.microsoft.client')).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('TOKENKEEP_MICROSOFT_TENANT: must match'),
    });
  });

  it('of which the issuer alone is known is reached there, and a wrong issuer is a problem', async () => {
    const { url } = await endpoint();
    const client = (name: string, issuer: string) => ({
      [`TOKENKEEP_${name}_CLIENT_ID`]: 'id',
      [`TOKENKEEP_${name}_CLIENT_SECRET`]: 'secret-of-test',
      [`TOKENKEEP_${name}_ISSUER`]: issuer,
    });
    const { check } = await look({
      TOKENKEEP_GOOGLE_TOKEN_URL: url,
      TOKENKEEP_ZOHO_TOKEN_URL: url,
      ...client('ACME', new URL(url).origin),
      ...client('OTHER', 'http://as.example'),
    });
    expect(check('providers.acme.reachable')).toMatchObject({
      status: 'ok',
      found: expect.stringContaining('The issuer of acme at '),
    });
    expect(check('providers.acme.client')).toMatchObject({ status: 'ok' });
    expect(check('providers.other.client')).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('TOKENKEEP_OTHER_ISSUER: must begin with https://'),
    });
  });

  it('over a network is a problem without encryption, and is not asked', async () => {
    const env = { TOKENKEEP_GOOGLE_TOKEN_URL: 'http://proxy.example/token', ...COMPLETE };
    const asked: string[] = [];
    const [refused] = await providerChecks(['gmail'], env, async (url) => asked.push(url));
    expect(refused).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('refuses it'),
      fix: expect.stringContaining('TOKENKEEP_ALLOW_INSECURE_REQUESTS=1'),
    });
    expect(asked).toEqual([]);
  });

  it('over a network is worth a warning where that is allowed', async () => {
    const env = {
      TOKENKEEP_GOOGLE_TOKEN_URL: 'http://proxy.example/token',
      TOKENKEEP_ALLOW_INSECURE_REQUESTS: '1',
      ...COMPLETE,
    };
    const [reached] = await providerChecks(['gmail'], env, async () => 200);
    expect(reached).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('unencrypted'),
    });
  });
});

describe('credentials', () => {
  const client = async (env: Environment, stores: Parameters<typeof providerChecks>[0]) =>
    (await providerChecks(stores, env, undefined)).find(
      ({ id }) => id === 'providers.google.client',
    );

  it('for Google are a problem to the stores that have no other provider', async () => {
    const { GOOGLE_CLIENT_ID = '', GOOGLE_CLIENT_SECRET = '' } = COMPLETE;
    const both = { GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET };
    expect(await client(both, ['gmail'])).toMatchObject({ status: 'ok' });
    expect(await client({ GOOGLE_CLIENT_ID }, ['calendar'])).toMatchObject({
      status: 'problem',
      found: expect.stringMatching(/^GOOGLE_CLIENT_SECRET is not set/),
    });
    expect(await client({}, ['integration', 'vault'])).toMatchObject({ status: 'warning' });
    expect(await client({}, ['zoho'])).toBeUndefined();
  });
});
