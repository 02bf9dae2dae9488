import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { createTokenKeep } from 'tokenkeep';
import { expireToken } from 'tokenkeep/testing';

import { startPostgres } from '../../support/postgres.mjs';
import { PROVIDER, ask, connectByRoutes } from './connect.mjs';
import { newUsers, plainClient, specialClients } from './people.mjs';
import { startProxy } from './proxy.mjs';

/** @typedef {import('./connect.mjs').Client} Client */

/**
 * A user of the server. Its name is its user ID in tokenkeep, too.
 *
 * @typedef {{ name: string, password: string, email: string }} User
 *
 * A server that runs.
 *
 * @typedef {object} Server
 * @property {string} version
 * @property {string} [issuer] what `iss` in its authorization responses must be
 * @property {string} authorizationUrl
 * @property {string} tokenUrl
 * @property {string} [revocationUrl] absent: it has none
 * @property {string} scope what is asked for
 * @property {Record<string, string>} [authorizationParameters] in addition to those of RFC 6749 and 7636
 * @property {number} [pauseMs] how long after a refresh the next one works
 * @property {User[]} [users] its own, where it has a fixed list
 * @property {(link: string, user: User) => Promise<string>} signIn walks through sign-in and consent; gives
 *   the URL of the application that the user's browser is sent to
 * @property {(accessToken: string, client: Client) => Promise<boolean>} isValid what the server says
 * @property {(connection: Connection) => Promise<void>} endGrant as users or administrators do it there
 * @property {() => Promise<void>} stop
 *
 * How a server is started. It registers the clients as far as it takes them.
 *
 * @typedef {(options: { clients: Client[], users: User[], progress: (text: string) => void }) =>
 *   Promise<Server>} Start
 *
 * A user who is connected.
 *
 * @typedef {object} Connection
 * @property {User} user
 * @property {Client} client
 * @property {string} accessToken the first one
 * @property {string} refreshToken the first one
 *
 * @typedef {Awaited<ReturnType<typeof openScene>>} Scene
 */

export { PROVIDER };

/** A key for this run alone. */
const KEY = randomBytes(32).toString('hex');

/**
 * A server, a database, and an instance of tokenkeep that reaches the server through a counting proxy.
 *
 * @param {object} options
 * @param {Start} options.start
 * @param {import('./connect.mjs').Method} [options.method] of the plain client
 * @param {import('tokenkeep').ProviderSettings['errors']} [options.errors] what its errors mean
 * @param {(text: string) => void} options.progress
 */
export async function openScene({ start, method = 'client_secret_post', errors, progress }) {
  const plain = plainClient(method);
  const special = specialClients();
  const users = newUsers();
  const server = await start({
    clients: [plain, ...Object.values(special).flat()],
    users,
    progress,
  });
  progress('started');
  const postgres = await startPostgres();
  const databaseUrl = await postgres.createDatabase('providers');
  const proxy = await startProxy(new URL(server.tokenUrl).origin);
  /** @type {import('tokenkeep').TokenKeep[]} */
  const opened = [];
  let used = 0;

  /**
   * The options of an instance that is this client.
   *
   * @param {Client} client
   * @param {Partial<import('tokenkeep').ProviderSettings>} [more]
   * @returns {import('tokenkeep').TokenKeepOptions}
   */
  const options = (client, more = {}) => ({
    databaseUrl,
    tokenkeepKey: KEY,
    providers: {
      [PROVIDER]: {
        clientId: client.id,
        // The server does not know the proxy's address.
        ...(client.key
          ? { privateKey: client.key, assertionAudience: server.tokenUrl }
          : { clientSecret: client.secret }),
        clientAuthentication: client.method,
        ...(server.issuer && { issuer: server.issuer }),
        authorizationUrl: server.authorizationUrl,
        // Of OpenID Connect: some servers require one, and others ignore it.
        authorizationParameters: { nonce: 'nonce', ...server.authorizationParameters },
        tokenUrl: proxy.through(server.tokenUrl),
        ...(server.revocationUrl && { revocationUrl: proxy.through(server.revocationUrl) }),
        ...more,
      },
    },
  });
  const open = (client, more) => {
    const keep = createTokenKeep(options(client, more));
    opened.push(keep);
    return keep;
  };
  const keep = open(plain);
  await keep.migrate({ stores: ['integration'] });

  return {
    server,
    proxy,
    client: plain,
    special,
    /** What the server's errors mean, where that is to be described. */
    errors,
    /** The instance of the plain client. */
    keep,
    options,
    /** Another instance. */
    open,
    /** A user who has not been used yet; where the server has only a few, each once more. */
    nextUser: () => {
      const some = server.users ?? users;
      return some[used++ % some.length];
    },
    /**
     * Connects a user.
     *
     * @param {object} given
     * @param {User} given.user
     * @param {Client} [given.client]
     * @param {import('tokenkeep').TokenKeep} [given.into]
     * @returns {Promise<Connection>}
     */
    connect: async ({ user, client = plain, into = keep }) => {
      const { accessToken, refreshToken } = await connectByRoutes(into, server, user);
      return { user, client, accessToken, refreshToken };
    },
    /** Has the stored access token run out. @param {User} user */
    expire: async (user) => {
      await sleep(server.pauseMs ?? 0);
      const key = { store: 'integration', userId: user.name, provider: PROVIDER };
      await expireToken(databaseUrl, key);
    },
    /** Sends a refresh token to the server, past tokenkeep. @param {Client} client @param {string} token */
    refresh: async (client, token) => {
      await sleep(server.pauseMs ?? 0);
      return ask(server.tokenUrl, client, { grant_type: 'refresh_token', refresh_token: token });
    },
    close: async () => {
      await Promise.all(opened.map((each) => each.close()));
      await proxy.stop();
      await postgres.stop();
      await server.stop();
    },
  };
}
