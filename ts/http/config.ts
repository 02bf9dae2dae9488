/** The options that all handlers have, and what their routes share. */

import { AuthorizationError, ConfigurationError, InvalidArgumentError } from '../errors/errors';
import { type TokenKeep, defaultInstance } from '../instance/instance';
import { optionalFunction, optionalText, text } from '../input/arguments';
import { isA, tell, wordsOf } from '../bridge/callbacks';
import type { ConnectedStore, FlowPlace } from '../instance/connector';
import { variableOf } from '../input/fields';
import { errorResponse } from './responses';
import { type Reason, type Texts, isRetryable } from './texts';

/** The options of all handlers. */
export interface HandlersOptions<Context = unknown> {
  /**
   * Returns the signed-in user, determined by the application; `null`, `undefined` or `''` if nobody is
   * signed in. `context` is the second argument of the handler; with an adapter, Node's or Fastify's
   * request.
   */
  userId?:
    ((request: Request, context: Context) => Maybe<string> | Promise<Maybe<string>>) | undefined;
  /** The instance. Default: the default instance. */
  keep?: TokenKeep | undefined;
  /** The secret with which the application's servers connect and disconnect any user; at least 32
   * characters. Default: `TOKENKEEP_CONNECT_SECRET`. */
  connectSecret?: string | undefined;
  /** The path or URL to which the browser is redirected after connecting. Default: a page of tokenkeep. */
  returnTo?: string | undefined;
  /** Receives internal errors, of which the pages show no details. Default: a process warning. If it
   * throws or rejects, that becomes a process warning. */
  onError?: ((error: unknown) => void) | undefined;
}

/** The same, where `onError` is told the provider. */
export interface ProviderHandlersOptions<Context = unknown> extends Omit<
  HandlersOptions<Context>,
  'onError'
> {
  /** Receives internal errors, of which the pages show no details, and the provider's name. Default: a process
   * warning. If it throws or rejects, that becomes a process warning. */
  onError?: ((error: unknown, at: { provider: string }) => void) | undefined;
}

/** The names of {@link HandlersOptions}. */
export const HANDLERS_OPTIONS = [
  'userId',
  'keep',
  'connectSecret',
  'returnTo',
  'onError',
] as const satisfies readonly (keyof HandlersOptions)[];

/** Where routes are, and what they connect. */
export interface Place {
  readonly store: ConnectedStore;
  /** The provider's name, such as `Google`. */
  readonly title: string;
  readonly texts: Texts;
  /** The requested scopes; `undefined`: the store's own. */
  readonly scopes: string[] | undefined;
  /** The provider of the routes; `undefined`: Google at its own redirect URI. */
  readonly provider: string | undefined;
  /** The variables of which each connection has its own value. */
  readonly variables: readonly string[];
  redirectUri(): URL;
  /** The URL of the other two routes. */
  route(name: 'connect' | 'disconnect'): URL;
  /** Where the form of a page may redirect, as sources of a content security policy. */
  formTargets(): string;
}

type Maybe<Value> = Value | null | undefined;

/** Checks the options of all handlers; returns the instance. */
export function instanceOf<Context>(given: ProviderHandlersOptions<Context>): () => TokenKeep {
  optionalFunction('userId', given.userId);
  optionalFunction('onError', given.onError);
  optionalText('returnTo', given.returnTo);
  if (given.keep !== undefined && given.keep !== null) checkInstance(given.keep);
  if (given.connectSecret) checkSecret('connectSecret', given.connectSecret);
  return () => given.keep ?? defaultInstance();
}

/** What the routes of a place share. */
export class HandlerConfig<Context> {
  readonly #options: ProviderHandlersOptions<Context>;
  readonly #place: Place;
  readonly #instance: () => TokenKeep;

  /** With options that were checked. */
  constructor(options: ProviderHandlersOptions<Context>, instance: () => TokenKeep, place: Place) {
    this.#options = options;
    this.#instance = instance;
    this.#place = place;
  }

  get instance(): TokenKeep {
    return this.#instance();
  }

  get store(): ConnectedStore {
    return this.#place.store;
  }

  get texts(): Texts {
    return this.#place.texts;
  }

  get title(): string {
    return this.#place.title;
  }

  get scopes(): string[] | undefined {
    return this.#place.scopes;
  }

  get provider(): string | undefined {
    return this.#place.provider;
  }

  /** The variables of which a connect request gives a connection's values. */
  get variables(): readonly string[] {
    return this.#place.variables;
  }

  /** The provider, or a further account there, and its redirect URI; `undefined`: Google's own. */
  at(
    account: string | undefined,
    variables: Readonly<Record<string, string>> = {},
  ): FlowPlace | undefined {
    const { provider } = this.#place;
    if (provider === undefined) return undefined;
    const key = accountKeyOf('account', account);
    const name = key === undefined ? provider : `${provider}#${key}`;
    return { provider: name, redirectUri: this.redirectUri.href, variables };
  }

  /** The connect secret, read at each call as all variables are; `undefined` if not set. */
  get secret(): string | undefined {
    return this.#options.connectSecret ?? connectSecret();
  }

  get redirectUri(): URL {
    return this.#place.redirectUri();
  }

  /** The URL of a route. */
  route(name: 'connect' | 'disconnect'): URL {
    return this.#place.route(name);
  }

  get formTargets(): string {
    return this.#place.formTargets();
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
    // A connection with an address of its own begins where the application knows that address.
    const hasLink =
      userId !== undefined && isRetryable(reason) && this.#place.variables.length === 0;
    const account =
      isA(error, AuthorizationError) && Object.hasOwn(error, 'account') ? error.account : undefined;
    const tryAgain = hasLink ? this.#again(account) : undefined;
    return errorResponse(request, this.texts, reason, { tryAgain });
  }

  /** The path that starts again, with the same account. */
  #again(account: string | undefined): string {
    const url = this.route('connect');
    if (account !== undefined) url.searchParams.set('account', account);
    return `${url.pathname}${url.search}`;
  }

  report(error: unknown): void {
    reportTo(this.#options.onError, error, this.provider);
  }
}

/** Tells `onError`, or else the process; `provider` is absent for Google's own routes. */
export function reportTo(
  onError: ProviderHandlersOptions['onError'],
  error: unknown,
  provider: string | undefined,
): void {
  if (!onError) {
    const at = provider === undefined ? '' : `, ${provider}`;
    process.emitWarning(`tokenkeep/http${at}: ${wordsOf(error)}`, 'TokenkeepWarning');
  } else if (provider === undefined) {
    tell('onError', () => (onError as (error: unknown) => void)(error));
  } else {
    tell('onError', () => onError(error, { provider }));
  }
}

/** The longest key of an account, in characters. */
const ACCOUNT_MAX_CHARS = 128;

/** The key of a further account; `undefined` if absent or empty. */
export function accountKeyOf(argument: string, value: unknown): string | undefined {
  const given = optionalText(argument, value);
  if (given === undefined || (given.length <= ACCOUNT_MAX_CHARS && !/[#\p{Cc}]/u.test(given))) {
    return given;
  }
  throw new InvalidArgumentError(
    `${argument}: must have at most ${ACCOUNT_MAX_CHARS} characters, without # and control characters`,
    { argument },
  );
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
  'scopes_missing',
]);
