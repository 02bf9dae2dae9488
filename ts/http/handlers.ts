/** The routes as functions from `Request` to `Response`. */

import { HANDLERS_OPTIONS, HandlerConfig, instanceOf } from './config';
import { callback } from './callback';
import { connect, linkFor } from './connect';
import { disconnect } from './disconnect';
import { GOOGLE_OPTIONS, type GoogleHandlersOptions, GooglePlace } from './google-place';
import { returnToOf } from './return-to';
import { optionsOf } from '../input/arguments';

/** A route. `context` is passed to `userId`. */
export type Handler<Context> = (request: Request, context?: Context) => Promise<Response>;

/** Three routes, as adapters take them. */
export interface Handlers<Context = unknown> {
  /** `GET`; `POST` for the button on the page of a connect link. */
  connect: Handler<Context>;
  /** `GET`, at the redirect URI. */
  callback: Handler<Context>;
  /** `POST`. */
  disconnect: Handler<Context>;
  /** Calls one of the three by the request's path. Returns `undefined` for any other path. */
  handle: (request: Request, context?: Context) => Promise<Response | undefined>;
  /** The paths of the three routes; `:provider` stands for a provider's name. */
  paths: () => { connect: string; callback: string; disconnect: string };
  /** Whether a path is one of theirs. */
  serves: (path: string) => boolean;
}

/**
 * The result of {@link createGoogleHandlers}: `callback` at the path of `GOOGLE_OAUTH_REDIRECT_URI`, `connect` and
 * `disconnect` next to it.
 */
export interface GoogleHandlers<Context = unknown> extends Handlers<Context> {
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
  const given = optionsOf(options, [...HANDLERS_OPTIONS, ...GOOGLE_OPTIONS]);
  const instance = instanceOf(given);
  const config = new HandlerConfig(given, instance, new GooglePlace(given, instance));
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
    serves: (path) => Object.values(paths()).includes(path),
    async handle(request, context) {
      const { pathname } = new URL(request.url);
      const known = Object.entries(paths()).find(([, path]) => path === pathname);
      return known && routes[known[0] as keyof typeof routes](request, context);
    },
    async linkFor(userId, options = {}) {
      const { returnTo } = optionsOf(options, ['returnTo']);
      return linkFor(config, userId, returnToOf(returnTo, config.redirectUri));
    },
  };
}
