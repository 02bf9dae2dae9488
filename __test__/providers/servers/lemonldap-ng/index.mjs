import { generateKeyPairSync } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePort } from '../../../../support/free-port.mjs';
import { Browser } from '../../browser.mjs';
import { REDIRECT_URI } from '../../connect.mjs';
import { debianVersion, requireDebian } from '../../install.mjs';
import { startProgram } from '../../program.mjs';
import { newState } from '../../state.mjs';
import { takenBy } from '../bearer.mjs';

const PACKAGES = [
  'liblemonldap-ng-portal-perl',
  // What OpenID Connect needs, though it is only recommended.
  'libgd-securityimage-perl',
  'libimage-magick-perl',
  'libio-string-perl',
  'libstring-random-perl',
  // Instead of Apache, which the portal would bring.
  'lemonldap-ng-fastcgi-server',
  'mini-httpd',
];
const PORTAL = '/usr/share/lemonldap-ng/portal/htdocs/index.psgi';
const PLACKUP = '/usr/bin/plackup';

/** Its demonstration accounts, of which the password is the name. */
const USERS = ['dwho', 'msmith', 'rtyler'].map((name) => ({
  name,
  password: name,
  email: `${name}@badwolf.org`,
}));

/** @type {import('../../scene.mjs').Start} */
export async function start({ clients }) {
  requireDebian(PACKAGES, [PORTAL, PLACKUP]);
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const state = await newState();
  await configure(state.folder, { origin, clients });
  const args = ['--env', 'deployment', '--host', '127.0.0.1', '--port', `${port}`, PORTAL];
  const env = { LLNG_DEFAULTCONFFILE: join(state.folder, 'lemonldap-ng.ini') };
  const program = await startProgram(PLACKUP, args, { url: `${origin}/`, env });
  return {
    version: debianVersion('liblemonldap-ng-portal-perl'),
    issuer: `${origin}/`,
    authorizationUrl: `${origin}/oauth2/authorize`,
    tokenUrl: `${origin}/oauth2/token`,
    scope: 'openid offline_access',
    // It grants offline access only to a user who is asked.
    authorizationParameters: { prompt: 'consent' },
    users: USERS,
    signIn: async (link, { name, password }) => {
      const browser = new Browser(REDIRECT_URI);
      const login = await browser.open(link);
      const consent = await browser.submit(login, { user: name, password });
      return (await browser.submit(consent, {})).url;
    },
    isValid: takenBy(`${origin}/oauth2/userinfo`),
    endGrant: async () => {
      await rm(join(state.folder, 'sessions'), { recursive: true });
      await mkdir(join(state.folder, 'sessions/lock'), { recursive: true });
    },
    stop: async () => {
      await program.stop();
      await state.remove();
    },
  };
}

/** Its configuration, and where it keeps its sessions. */
async function configure(state, { origin, clients }) {
  for (const name of ['conf', 'sessions/lock', 'psessions/lock', 'cache']) {
    await mkdir(join(state, name), { recursive: true });
  }
  await writeFile(
    join(state, 'lemonldap-ng.ini'),
    `[all]
logLevel = warn
[configuration]
type = File
dirName = ${state}/conf
localStorage = Cache::FileCache
localStorageOptions = { 'namespace' => 'configuration', 'cache_root' => '${state}/cache' }
[portal]
templateDir = /usr/share/lemonldap-ng/portal/templates
staticPrefix = /static
languages = en
`,
  );
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const storage = (name) => ({
    Directory: join(state, name),
    LockDirectory: join(state, name, 'lock'),
  });
  const perClient = (value) =>
    Object.fromEntries(clients.map((each, index) => [`rp${index}`, value(each)]));
  const configuration = {
    cfgNum: 1,
    cfgAuthor: 'a test',
    cfgDate: 1,
    cfgVersion: '2.16.1',
    portal: `${origin}/`,
    domain: '127.0.0.1',
    securedCookie: 0,
    key: 'a secret of this server',
    authentication: 'Demo',
    userDB: 'Same',
    passwordDB: 'Demo',
    locationRules: { 'application.example': { default: 'accept' } },
    globalStorage: 'Apache::Session::File',
    globalStorageOptions: storage('sessions'),
    persistentStorage: 'Apache::Session::File',
    persistentStorageOptions: storage('psessions'),
    issuerDBOpenIDConnectActivation: 1,
    oidcServiceMetaDataIssuer: `${origin}/`,
    oidcServiceAllowAuthorizationCodeFlow: 1,
    oidcServicePrivateKeySig: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    oidcServicePublicKeySig: publicKey.export({ type: 'spki', format: 'pem' }),
    oidcServiceKeyIdSig: 'key',
    oidcRPMetaDataExportedVars: perClient(() => ({ name: 'cn' })),
    oidcRPMetaDataOptions: perClient(({ id, secret }) => ({
      oidcRPMetaDataOptionsClientID: id,
      oidcRPMetaDataOptionsClientSecret: secret,
      oidcRPMetaDataOptionsRedirectUris: REDIRECT_URI,
      oidcRPMetaDataOptionsIDTokenSignAlg: 'RS256',
      oidcRPMetaDataOptionsAllowOffline: 1,
    })),
  };
  await writeFile(join(state, 'conf/lmConf-1.json'), JSON.stringify(configuration));
}
