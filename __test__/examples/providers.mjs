import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { startTokenEndpoint } from 'tokenkeep/testing';

import { Browser } from './browser.mjs';
import { folder } from './install.mjs';
import { prepare } from './scene.mjs';

const PROVIDERS = ['google', 'hubspot', 'microsoft'];

/** How much of the example is about tokenkeep, in lines. */
const LINES_MAX = 25;

/** The variables of a provider's client. */
const clientOf = (name) => (name === 'google' ? 'GOOGLE' : `TOKENKEEP_${name.toUpperCase()}`);

/**
 * What the example with several providers needs around it: a migrated database, and an endpoint in the place of each
 * provider, which answers as the provider documents it.
 *
 * @param {string} name
 * @param {import('../../support/postgres.mjs').Database} server
 */
export async function startProviders(name, server) {
  const { origin, database, settings: usual } = await prepare(name, server, 'integration');
  const settings = { ...usual, TOKENKEEP_CONNECT_URL: `${origin}/oauth` };
  /** @type {Record<string, import('tokenkeep/testing').TokenEndpoint>} */
  const endpoints = {};
  for (const provider of PROVIDERS) {
    const endpoint = await startTokenEndpoint([], { provider });
    endpoints[provider] = endpoint;
    Object.assign(settings, {
      [`${clientOf(provider)}_CLIENT_ID`]: 'client',
      [`${clientOf(provider)}_CLIENT_SECRET`]: 'secret',
      [`TOKENKEEP_${provider.toUpperCase()}_TOKEN_URL`]: endpoint.url,
      [`TOKENKEEP_${provider.toUpperCase()}_AUTHORIZATION_URL`]: endpoint.authorizationUrl,
    });
  }
  return {
    origin,
    database,
    endpoints,
    settings,
    end: async () => {
      await database.end();
      for (const endpoint of Object.values(endpoints)) await endpoint.stop();
    },
  };
}

/**
 * What a user does at several providers.
 *
 * @param {string} origin
 * @param {Awaited<ReturnType<typeof startProviders>>} scene
 * @param {(text: string) => void} say
 */
export async function providersJourney(origin, scene, say) {
  const { database, endpoints } = scene;
  const code = await readFile(folder('node/server.js'), 'utf8');
  const lines = code.split('\n').filter((line) => line.trim());
  assert.ok(lines.length <= LINES_MAX, `server.js has ${lines.length} lines`);

  const browser = new Browser();
  const home = () => browser.open(origin);
  assert.match((await home()).text, /Nobody is signed in/);
  const refused = await browser.open(`${origin}/oauth/connect/hubspot`);
  assert.equal(refused.status, 401, 'nobody who is not signed in begins');
  await browser.open(`${origin}/login?user=ada`);

  for (const provider of PROVIDERS) {
    assert.match((await home()).text, new RegExp(`${provider}: not_connected`));
    const { url, text } = await browser.open(`${origin}/oauth/connect/${provider}`);
    assert.equal(url.pathname, '/', 'the browser ends on the page of the application');
    assert.match(text, new RegExp(`${provider}: connected until`));
  }
  const { rows } = await database.query('SELECT provider, refresh_token FROM integration_tokens');
  assert.equal(rows.length, PROVIDERS.length);
  for (const row of rows)
    assert.ok(row.refresh_token.startsWith('tk1.'), `${row.provider} is sealed`);
  say('connected at each provider');

  const expire = () =>
    database.query("UPDATE integration_tokens SET expires_at = now() - interval '1 hour'");
  await expire();
  assert.equal((await home()).text.match(/: connected until/g)?.length, PROVIDERS.length);
  for (const provider of PROVIDERS) {
    const grants = endpoints[provider].requests.map(({ grantType }) => grantType);
    assert.deepEqual(grants, ['authorization_code', 'refresh_token'], provider);
  }
  say('refreshed each once');

  endpoints.microsoft.script([{ providerError: 'AADSTS50076' }]);
  await expire();
  assert.match((await home()).text, /microsoft: needs_reauthorization/);
  const again = await browser.open(`${origin}/oauth/connect/microsoft`);
  assert.match(again.text, /microsoft: connected until/);
  say('connected again, after Microsoft has asked for another sign-in');

  const disconnect = `${origin}/oauth/disconnect/hubspot?return_to=/`;
  const headers = { origin, 'sec-fetch-site': 'same-origin' };
  const gone = await browser.open(disconnect, { method: 'POST', headers });
  assert.match(gone.text, /hubspot: not_connected/);
  say('disconnected');
}
