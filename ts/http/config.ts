/** The options of the handlers, and the values derived from them. */

import { AuthorizationError, ConfigurationError, InvalidArgumentError } from '../errors/errors';
import { type TokenKeep, defaultInstance } from '../instance/instance';
import { optionalFunction, optionalText, optionalTexts, optionsOf, text } from '../input/arguments';
import { isA, tell, wordsOf } from '../bridge/callbacks';
import { CONNECTED_STORES, type ConnectedStore } from '../instance/connector';
import { variableOf } from '../input/fields';
import { errorResponse } from './responses';
import { type Reason, type Texts, type TextsPatch, isRetryable, textsWith } from './texts';

/** The options of {@link createGoogleHandlers}. */
export interface GoogleHandlersOptions<Context = unknown> {
  /**
   * Returns the signed-in user, determined by the application; `null`, `undefined` or `''` if nobody is
   * signed in. `context` is the second argument of the handler; with an adapter, Node's or Fastify's
   * request.
   */
  userId?:
    ((request: Request, context: Context) => Maybe<string> | Promise<Maybe<string>>) | undefined;
  /** The instance. Default: the default instance. */
  keep?: TokenKeep | undefined;
  /** The store of the tokens: `'calendar'` (default), or `'integration'` with the provider google. */
  store?: ConnectedStore | undefined;
  /** The secret with which the application's servers connect and disconnect any user; at least 32
   * characters. Default: `TOKENKEEP_CONNECT_SECRET`. */
  connectSecret?: string | undefined;
  /** The requested scopes. Default: `calendar.events`. */
  scopes?: string[] | undefined;
  /** The path or URL to which the browser is redirected after connecting. Default: a page of tokenkeep. */
  returnTo?: string | undefined;
  /** Replaces texts of the pages. */
  texts?: TextsPatch | undefined;
  /** Receives internal errors, of which the pages show no details. Default: a process warning. If it
   * throws or rejects, that becomes a process warning. */
  onError?: ((error: unknown) => void) | undefined;
}

const NAMES = [
  'userId',
  'keep',
  'store',
  'connectSecret',
  'scopes',
  'returnTo',
  'texts',
  'onError',
] as const;

type Maybe<Value> = Value | null | undefined;

/** The configuration that all routes share. */
export class HandlerConfig<Context> {
  readonly texts: Texts;
  readonly scopes: string[] | undefined;
  readonly store: ConnectedStore;
  readonly #options: GoogleHandlersOptions<Context>;

  constructor(options: GoogleHandlersOptions<Context>) {
    const given = optionsOf(options, NAMES);
    this.#options = given;
    optionalFunction('userId', given.userId);
    optionalFunction('onError', given.onError);
    optionalText('returnTo', given.returnTo);
    this.scopes = optionalTexts('scopes', given.scopes);
    this.store = storeOf(given.store ?? 'calendar');
    this.texts = textsWith(given.texts);
    if (given.keep !== undefined && given.keep !== null) checkInstance(given.keep);
    if (given.connectSecret) checkSecret('connectSecret', given.connectSecret);
  }

  get instance(): TokenKeep {
    return this.#options.keep ?? defaultInstance();
  }

  /** The connect secret, read at each call as all variables are; `undefined` if not set. */
  get secret(): string | undefined {
    return this.#options.connectSecret ?? connectSecret();
  }

  get redirectUri(): URL {
    return this.instance.connector.redirectUri();
  }

  /** The URL of a route, next to that of the callback. */
  route(name: 'connect' | 'disconnect'): URL {
    const { origin, pathname } = this.redirectUri;
    const route = new URL(name, new URL(pathname, origin));
    if (route.pathname !== pathname) return route;
    const option = 'GOOGLE_OAUTH_REDIRECT_URI';
    throw new ConfigurationError(`${option}: must not end with /${name}, which is another route`, {
      option,
    });
  }

  get returnTo(): string | undefined {
    const { returnTo } = this.#options;
    return returnTo === undefined ? undefined : this.#resolved(returnTo);
  }

  #resolved(returnTo: string): string {
    const { origin } = this.redirectUri;
    const url = URL.canParse(returnTo, origin) ? new URL(returnTo, origin) : undefined;
    if (url && ['http:', 'https:'].includes(url.protocol)) return url.href;
    const option = 'returnTo';
    throw new ConfigurationError(`${option}: must be a path, or an http or https URL`, { option });
  }

  /** The signed-in user; `undefined` if nobody is signed in. */
  async userId(request: Request, context: Context): Promise<string | undefined> {
    const userId: unknown = await this.#options.userId?.(request, context);
    return userId === undefined || userId === null || userId === ''
      ? undefined
      : text('userId', userId);
  }

  /** The response to a failed attempt to connect. Reports what the operator may have to fix. */
  connectFailure(request: Request, error: unknown, userId: string | undefined): Response {
    const reason: Reason =
      isA(error, AuthorizationError) && error.reason ? error.reason : 'unexpected';
    if (REPORTED.has(reason)) this.report(error);
    const hasLink = userId !== undefined && isRetryable(reason);
    const tryAgain = hasLink ? this.route('connect').pathname : undefined;
    return errorResponse(request, this.texts, reason, { tryAgain });
  }

  report(error: unknown): void {
    const { onError } = this.#options;
    if (onError) tell('onError', () => onError(error));
    else process.emitWarning(`tokenkeep/http: ${wordsOf(error)}`, 'TokenkeepWarning');
  }
}

function storeOf(store: unknown): ConnectedStore {
  const found = CONNECTED_STORES.find((name) => name === store);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`store: must be one of: ${CONNECTED_STORES.join(', ')}`, {
    argument: 'store',
  });
}

/** An instance, or a fake. */
function checkInstance(keep: object): void {
  if (typeof keep === 'object' && keep !== null && 'connector' in keep) return;
  throw new InvalidArgumentError('keep: must be an instance, which createTokenKeep returns', {
    argument: 'keep',
  });
}

/** The minimum length of `ENCRYPTION_SECRET`, too; `openssl rand -hex 16` prints 32 characters. */
const SECRET_MIN_CHARS = 32;

/** The current value of `TOKENKEEP_CONNECT_SECRET`; `undefined` if it is not set. */
export function connectSecret(): string | undefined {
  const secret = variableOf('TOKENKEEP_CONNECT_SECRET');
  return secret ? checkSecret('TOKENKEEP_CONNECT_SECRET', secret) : undefined;
}

/** Rejects short secrets: a guessed secret would give access to every user's tokens. */
function checkSecret(option: string, secret: unknown): string {
  const given = text(option, secret);
  if (given.length >= SECRET_MIN_CHARS && given === given.trim()) return given;
  throw new ConfigurationError(
    `${option}: must be at least ${SECRET_MIN_CHARS} characters, without leading or trailing spaces. Create one with: npx tokenkeep keygen`,
    { option },
  );
}

/** Reasons that the operator may have to fix. */
const REPORTED: ReadonlySet<Reason> = new Set<Reason>([
  'unexpected',
  'client_rejected',
  'code_refused',
  'server_refused',
  'server_unavailable',
]);
