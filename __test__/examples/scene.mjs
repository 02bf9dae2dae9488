import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import pg from 'pg';

import { freePort } from '../../support/free-port.mjs';
import { startGoogle } from '../../support/google.mjs';
import { folder } from './install.mjs';

/** @typedef {Awaited<ReturnType<typeof startScene>>} Scene */

/**
 * What every installed example needs: where it listens, a migrated database, and the settings of both.
 *
 * @param {string} name
 * @param {import('../../support/postgres.mjs').Database} server
 * @param {string} store
 */
export async function prepare(name, server, store) {
  const port = await freePort();
  const databaseUrl = await server.createDatabase(`example_${name}`);
  const database = new pg.Client(databaseUrl);
  await database.connect();
  const settings = {
    PORT: String(port),
    SESSION_SECRET: randomBytes(32).toString('hex'),
    DATABASE_URL: databaseUrl,
    TOKENKEEP_KEY: randomBytes(32).toString('hex'),
  };
  const command = folder(`${name}/node_modules/.bin/tokenkeep`);
  execFileSync(command, ['migrate', '--store', store], { env: { ...process.env, ...settings } });
  return { origin: `http://127.0.0.1:${port}`, database, settings };
}

/**
 * What an example that connects Google Calendar needs around it: the above, and Google.
 *
 * @param {string} name
 * @param {import('../../support/postgres.mjs').Database} server
 */
export async function startScene(name, server) {
  const { origin, database, settings: usual } = await prepare(name, server, 'calendar');
  const google = await startGoogle({ redirectUri: `${origin}/auth/google/callback` });
  const settings = {
    ...usual,
    GOOGLE_CLIENT_ID: google.clientId,
    GOOGLE_CLIENT_SECRET: google.clientSecret,
    GOOGLE_OAUTH_REDIRECT_URI: google.redirectUri,
    TOKENKEEP_GOOGLE_AUTHORIZATION_URL: google.authorizationUrl,
    TOKENKEEP_GOOGLE_TOKEN_URL: google.tokenUrl,
    TOKENKEEP_GOOGLE_REVOCATION_URL: google.revocationUrl,
    TOKENKEEP_GOOGLE_ISSUER: google.issuer,
  };
  return {
    origin,
    google,
    database,
    settings,
    end: async () => {
      await database.end();
      await google.close();
    },
  };
}
