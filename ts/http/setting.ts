/** What the handlers are told, and what is made of it. */

import { AuthorizationError, ConfigurationError } from '../errors/errors';
import { type TokenKeep, defaultKeep } from '../instance/instance';
import { record, text } from '../input/arguments';
import { isA, tell, wordsOf } from '../bridge/callbacks';
import type { ConnectedStore } from '../instance/connector';
import { env } from '../input/fields';
import { failed } from './answers';
import { type Reason, type Texts, type TextsPatch, isWorthATry, textsWith } from './texts';

/** What {@link createGoogleHandlers} is told. */
export interface GoogleHandlersOptions<Context = unknown> {
  /**
   * Who is signed in, by the application's own means; nothing when nobody is. `context` is what the
   * handler was called with: Node's or Fastify's own request where an adapter is used.
   */
  userId?:
    ((request: Request, context: Context) => Maybe<string> | Promise<Maybe<string>>) | undefined;
  /** The instance: the default one. */
  keep?: TokenKeep | undefined;
  /** Where the tokens are stored: `'calendar'`, or `'integration'` as the provider google. */
  store?: ConnectedStore | undefined;
  /** `TOKENKEEP_CONNECT_SECRET`, at least 32 characters: whoever has it connects and disconnects any
   * user. */
  connectSecret?: string | undefined;
  /** What the application wants to be allowed: `calendar.events`. */
  scopes?: string[] | undefined;
  /** Where the browser goes when it is connected, a path or a URL: a page of ours says so. */
  returnTo?: string | undefined;
  /** What the pages say. */
  texts?: TextsPatch | undefined;
  /** Told of what went wrong on our side, where the pages say no more than that: a warning. What it
   * throws, or rejects with, is one, too. */
  onError?: ((error: unknown) => void) | undefined;
}

type Maybe<Value> = Value | null | undefined;

/** What every route works with. */
export class Setting<Context> {
  readonly texts: Texts;
  readonly scopes: string[] | undefined;
  readonly store: ConnectedStore;
  readonly #options: GoogleHandlersOptions<Context>;

  constructor(options: GoogleHandlersOptions<Context>) {
    const given = record('options', options) as GoogleHandlersOptions<Context>;
    this.#options = given;
    this.scopes = given.scopes;
    this.store = given.store ?? 'calendar';
    this.texts = textsWith(given.texts);
    if (given.connectSecret) checkSecret('connectSecret', given.connectSecret);
  }

  get keep(): TokenKeep {
    return this.#options.keep ?? defaultKeep();
  }

  /** Read at the call, as all variables are; nothing where none is set. */
  get secret(): string | undefined {
    return this.#options.connectSecret ?? connectSecret();
  }

  get redirectUri(): URL {
    return this.keep.connector.redirectUri();
  }

  /** Where the route of this name is: beside the callback. */
  route(name: 'connect' | 'disconnect'): URL {
    const { origin, pathname } = this.redirectUri;
    const route = new URL(name, new URL(pathname, origin));
    if (route.pathname !== pathname) return route;
    throw new ConfigurationError(
      `GOOGLE_OAUTH_REDIRECT_URI: must not end with /${name}, which is a route of its own`,
    );
  }

  get returnTo(): string | undefined {
    const { returnTo } = this.#options;
    return returnTo === undefined ? undefined : this.#resolved(returnTo);
  }

  #resolved(returnTo: string): string {
    const { origin } = this.redirectUri;
    const url = URL.canParse(returnTo, origin) ? new URL(returnTo, origin) : undefined;
    if (url && ['http:', 'https:'].includes(url.protocol)) return url.href;
    throw new ConfigurationError('returnTo: must be a path, or a URL of http or https');
  }

  /** Who is signed in. */
  async userId(request: Request, context: Context): Promise<string | undefined> {
    const userId: unknown = await this.#options.userId?.(request, context);
    return userId === undefined || userId === null || userId === ''
      ? undefined
      : text('userId', userId);
  }

  /** The answer to whoever could not be connected. What is our own fault is told to the operator. */
  refuse(request: Request, error: unknown, userId: string | undefined): Response {
    const reason: Reason =
      isA(error, AuthorizationError) && error.reason ? error.reason : 'unexpected';
    if (OURS.has(reason)) this.report(error);
    const isMore = userId !== undefined && isWorthATry(reason);
    const again = isMore ? this.route('connect').pathname : undefined;
    return failed(request, this.texts, reason, { tryAgain: again });
  }

  report(error: unknown): void {
    const { onError } = this.#options;
    if (onError) tell('onError', () => onError(error));
    else process.emitWarning(`tokenkeep/http: ${wordsOf(error)}`, 'TokenkeepWarning');
  }
}

/** As many characters as `ENCRYPTION_SECRET` has at least: `openssl rand -hex 16` makes so many. */
const SECRET_MIN_CHARS = 32;

/** What `TOKENKEEP_CONNECT_SECRET` says now; nothing where it is not set. */
export function connectSecret(): string | undefined {
  const secret = env['TOKENKEEP_CONNECT_SECRET'];
  return secret ? checkSecret('TOKENKEEP_CONNECT_SECRET', secret) : undefined;
}

/** One that can be guessed would hand out every user's tokens. */
function checkSecret(name: string, secret: unknown): string {
  const given = text(name, secret);
  if (given.length >= SECRET_MIN_CHARS && given === given.trim()) return given;
  throw new ConfigurationError(
    `${name}: must be at least ${SECRET_MIN_CHARS} characters, without spaces around them. Make one with: npx tokenkeep keygen`,
  );
}

/** What the operator should know of: it may not be the user's matter. */
const OURS: ReadonlySet<Reason> = new Set<Reason>([
  'unexpected',
  'client_rejected',
  'code_refused',
  'server_refused',
  'server_unavailable',
]);
