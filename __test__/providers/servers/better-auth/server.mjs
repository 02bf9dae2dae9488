/** better-auth with its plugin for OAuth providers, everything in memory. Its pages are for the application to make. */
import { randomBytes } from 'node:crypto';

import { oauthProvider } from '@better-auth/oauth-provider';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { toNodeHandler } from 'better-auth/node';
import { jwt } from 'better-auth/plugins';

import { listen, obey } from './node.mjs';

const TABLES = [
  'user',
  'session',
  'account',
  'verification',
  'jwks',
  'oauthClient',
  'oauthConsent',
  'oauthAccessToken',
  'oauthRefreshToken',
];

obey({
  start: async ({ clients, users, redirectUri }) => {
    const { origin, handle } = await listen();
    const left = [...clients];
    const auth = authorizationServer(origin, left);
    const { headers } = await signUpAll(auth, users);
    while (left.length > 0) {
      const [{ method }] = left;
      await auth.api.adminCreateOAuthClient({
        headers,
        body: {
          redirect_uris: [redirectUri],
          // Not a method of its own: the same header, without the encoding.
          token_endpoint_auth_method: method.replace('_raw', ''),
        },
      });
      left.shift();
    }
    handle(toNodeHandler(auth.handler));
    return { origin };
  },
});

/** @param {{ id: string, secret: string }[]} left the clients that are yet to be registered */
function authorizationServer(origin, left) {
  return betterAuth({
    baseURL: origin,
    secret: randomBytes(32).toString('hex'),
    telemetry: { enabled: false },
    database: memoryAdapter(Object.fromEntries(TABLES.map((name) => [name, []]))),
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    plugins: [
      jwt(),
      oauthProvider({
        loginPage: '/login',
        consentPage: '/consent',
        scopes: ['openid', 'offline_access'],
        generateClientId: () => left[0].id,
        generateClientSecret: () => left[0].secret,
        silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
      }),
    ],
  });
}

/** The headers of the last one's session, which registers the clients. */
async function signUpAll(auth, users) {
  let answer;
  for (const { name, email, password } of users) {
    answer = await auth.api.signUpEmail({ body: { name, email, password }, returnHeaders: true });
  }
  const cookies = answer.headers.getSetCookie().map((line) => line.split(';')[0]);
  return { headers: new Headers({ cookie: cookies.join('; ') }) };
}
