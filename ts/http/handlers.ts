/** The routes as functions from `Request` to `Response`. */

import { type GoogleHandlersOptions, Setting } from './setting';
import { callback } from './callback';
import { connect, linkFor } from './connect';
import { disconnect } from './disconnect';
import { ownPath } from './return-to';
import { optionalText, record } from '../input/arguments';
import { InvalidArgumentError } from '../errors/errors';

/** A route. `context` is handed on to `userId`. */
export type Handler<Context> = (request: Request, context?: Context) => Promise<Response>;

/** What {@link createGoogleHandlers} makes. */
export interface GoogleHandlers<Context = unknown> {
  /** `GET`, and `POST` for the button of a link's page. */
  connect: Handler<Context>;
  /** `GET`, at `GOOGLE_OAUTH_REDIRECT_URI`. */
  callback: Handler<Context>;
  /** `POST`. */
  disconnect: Handler<Context>;
  /**
   * All three, by the request's path: `callback` at the path of `GOOGLE_OAUTH_REDIRECT_URI`, `connect`
   * and `disconnect` beside it. `undefined` for any other path.
   */
  handle: (request: Request, context?: Context) => Promise<Response | undefined>;
  /** The paths of the three. */
  paths: () => { connect: string; callback: string; disconnect: string };
  /**
   * A link that connects an account to this user, once, within a day: for a message to somebody who is
   * not signed in in a browser. `returnTo` is a path of the application.
   */
  linkFor: (userId: string, options?: { returnTo?: string }) => Promise<string>;
}

/** Lets users connect their Google accounts to the calendar store. */
export function createGoogleHandlers<Context = unknown>(
  options: GoogleHandlersOptions<Context> = {},
): GoogleHandlers<Context> {
  const setting = new Setting(options);
  const routes = {
    connect: (request: Request, context?: Context) => connect(setting, request, context as Context),
    callback: (request: Request, context?: Context) =>
      callback(setting, request, context as Context),
    disconnect: (request: Request, context?: Context) =>
      disconnect(setting, request, context as Context),
  };
  const paths = () => ({
    connect: setting.route('connect').pathname,
    callback: setting.redirectUri.pathname,
    disconnect: setting.route('disconnect').pathname,
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
      const returnTo = optionalText('returnTo', record('options', options)['returnTo']);
      const url = returnTo === undefined ? undefined : ownPath(returnTo, setting.redirectUri);
      if (url === null) {
        const argument = 'returnTo';
        throw new InvalidArgumentError(`${argument}: must be a path`, { argument });
      }
      return linkFor(setting, userId, url);
    },
  };
}
