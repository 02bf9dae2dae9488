/** The routes as functions from `Request` to `Response`. */

import { type GoogleHandlersOptions, HandlerConfig } from './config';
import { callback } from './callback';
import { connect, linkFor } from './connect';
import { disconnect } from './disconnect';
import { resolveReturnTo } from './return-to';
import { optionalText, optionsOf } from '../input/arguments';
import { InvalidArgumentError } from '../errors/errors';

/** A route. `context` is passed to `userId`. */
export type Handler<Context> = (request: Request, context?: Context) => Promise<Response>;

/** The result of {@link createGoogleHandlers}. */
export interface GoogleHandlers<Context = unknown> {
  /** `GET`; `POST` for the button on the page of a connect link. */
  connect: Handler<Context>;
  /** `GET`, at `GOOGLE_OAUTH_REDIRECT_URI`. */
  callback: Handler<Context>;
  /** `POST`. */
  disconnect: Handler<Context>;
  /**
   * Calls one of the three by the request's path: `callback` at the path of `GOOGLE_OAUTH_REDIRECT_URI`,
   * `connect` and `disconnect` next to it. Returns `undefined` for any other path.
   */
  handle: (request: Request, context?: Context) => Promise<Response | undefined>;
  /** The paths of the three routes. */
  paths: () => { connect: string; callback: string; disconnect: string };
  /**
   * Creates a single-use link that connects an account to this user, valid for 24 hours, for a message to
   * a user who is not signed in. `returnTo` is a path of the application.
   */
  linkFor: (userId: string, options?: { returnTo?: string }) => Promise<string>;
}

/** Creates the routes with which users connect and disconnect their Google accounts. */
export function createGoogleHandlers<Context = unknown>(
  options: GoogleHandlersOptions<Context> = {},
): GoogleHandlers<Context> {
  const config = new HandlerConfig(options);
  const routes = {
    connect: (request: Request, context?: Context) => connect(config, request, context as Context),
    callback: (request: Request, context?: Context) =>
      callback(config, request, context as Context),
    disconnect: (request: Request, context?: Context) =>
      disconnect(config, request, context as Context),
  };
  const paths = () => ({
    connect: config.route('connect').pathname,
    callback: config.redirectUri.pathname,
    disconnect: config.route('disconnect').pathname,
  });
  return {
    ...routes,
    paths,
    async handle(request, context) {
      const { pathname } = new URL(request.url);
      const known = Object.entries(paths()).find(([, path]) => path === pathname);
      return known && routes[known[0] as keyof typeof routes](request, context);
    },
    async linkFor(userId, options = {}) {
      const returnTo = optionalText('returnTo', optionsOf(options, ['returnTo']).returnTo);
      const url =
        returnTo === undefined ? undefined : resolveReturnTo(returnTo, config.redirectUri);
      if (url === null) {
        const argument = 'returnTo';
        throw new InvalidArgumentError(`${argument}: must be a path`, { argument });
      }
      return linkFor(config, userId, url);
    },
  };
}
