import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { freePort } from '../../../../support/free-port.mjs';
import { Browser } from '../../browser.mjs';
import { REDIRECT_URI } from '../../connect.mjs';
import { debianVersion, requireDebian } from '../../install.mjs';
import { startProgram } from '../../program.mjs';
import { newState } from '../../state.mjs';
import { takenBy } from '../bearer.mjs';

const PROGRAM = '/usr/bin/glewlwyd';
const SCHEMA = '/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz';
const ADMIN = { name: 'admin', password: 'password' };
const SCOPE = 'openid';

/**
 * With settings of its OpenID Connect plugin.
 *
 * @param {Record<string, unknown>} options
 * @returns {import('../../scene.mjs').Start}
 */
export function startWith(options) {
  return async ({ clients, users }) => {
    requireDebian(['glewlwyd'], [PROGRAM, SCHEMA]);
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const state = await newState();
    const config = await configure(state.folder, port);
    const url = `${origin}/api/auth/`;
    const program = await startProgram(PROGRAM, [`--config-file=${config}`], { url });
    await register(origin, { clients, users, options });
    const at = `${origin}/api/oidc`;
    return {
      version: debianVersion('glewlwyd'),
      issuer: origin,
      authorizationUrl: `${at}/auth`,
      tokenUrl: `${at}/token`,
      revocationUrl: `${at}/revoke`,
      scope: SCOPE,
      // What its login page does.
      signIn: async (link, user) => {
        const browser = await signedIn(origin, user);
        const client = encodeURIComponent(new URL(link).searchParams.get('client_id'));
        await send(browser, 'PUT', `${origin}/api/auth/grant/${client}`, { scope: SCOPE });
        return (await browser.open(`${link}&g_continue`)).url;
      },
      isValid: takenBy(`${at}/userinfo`),
      // What its profile page does.
      endGrant: async ({ user }) => {
        const browser = await signedIn(origin, user);
        const listed = await send(browser, 'GET', `${at}/token`);
        for (const { token_hash: hash, enabled } of await listed.json()) {
          if (enabled) await send(browser, 'DELETE', `${at}/token/${encodeURIComponent(hash)}`);
        }
      },
      stop: async () => {
        await program.stop();
        await state.remove();
      },
    };
  };
}

/** A database with an administrator, and the configuration file. */
async function configure(state, port) {
  const database = join(state, 'database.sqlite3');
  const schema = gunzipSync(await readFile(SCHEMA));
  const script =
    'import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.stdin.read())';
  execFileSync('python3', ['-c', script, database], { input: schema });
  const form = await readFile(new URL('glewlwyd.conf', import.meta.url), 'utf8');
  const config = join(state, 'glewlwyd.conf');
  const text = form.replaceAll('@PORT@', `${port}`).replaceAll('@DATABASE@', database);
  await writeFile(config, text);
  return config;
}

/** What its administration page does. */
async function register(origin, { clients, users, options }) {
  const browser = await signedIn(origin, ADMIN);
  await send(browser, 'POST', `${origin}/api/mod/plugin/`, {
    module: 'oidc',
    name: 'oidc',
    display_name: 'OpenID Connect',
    enabled: true,
    parameters: {
      iss: origin,
      'jwt-type': 'sha',
      'jwt-key-size': '256',
      key: 'a secret of this server',
      'access-token-duration': 3_600,
      'refresh-token-duration': 36_000,
      'code-duration': 600,
      'refresh-token-rolling': true,
      'allow-non-oidc': true,
      'auth-type-code-enabled': true,
      'auth-type-refresh-enabled': true,
      'pkce-allowed': true,
      'introspection-revocation-allowed': true,
      'introspection-revocation-allow-target-client': true,
      ...options,
    },
  });
  for (const { id, secret } of clients) {
    await send(browser, 'POST', `${origin}/api/client/`, {
      client_id: id,
      client_name: id,
      client_secret: secret,
      confidential: true,
      enabled: true,
      redirect_uri: [REDIRECT_URI],
      authorization_type: ['code', 'refresh_token'],
      token_endpoint_auth_method: ['client_secret_post', 'client_secret_basic'],
    });
  }
  for (const { name, password, email } of users) {
    const scope = [SCOPE, 'g_profile'];
    const user = { username: name, name, email, password, scope, enabled: true };
    await send(browser, 'POST', `${origin}/api/user/`, user);
  }
}

async function signedIn(origin, { name, password }) {
  const browser = new Browser(REDIRECT_URI);
  await send(browser, 'POST', `${origin}/api/auth/`, { username: name, password });
  return browser;
}

async function send(browser, method, url, body) {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const response = await browser.fetch(url, {
    method,
    headers,
    body: body && JSON.stringify(body),
  });
  if (response.status === 200) return response;
  throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
}
