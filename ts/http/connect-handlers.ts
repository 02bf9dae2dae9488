/** The routes with which users connect and disconnect accounts at any described provider. */

import { optionalText, optionalTexts, optionsOf, record, text } from '../input/arguments';
import { ConfigurationError, InvalidArgumentError } from '../errors/errors';
import { callback } from './callback';
import {
  HANDLERS_OPTIONS,
  HandlerConfig,
  type ProviderHandlersOptions,
  accountKeyOf,
  instanceOf,
  reportTo,
} from './config';
import { connect, linkFor } from './connect';
import { disconnect } from './disconnect';
import type { Handlers } from './handlers';
import { ProviderPlace, baseUrl } from './provider-place';
import { json } from './responses';
import { returnToOf } from './return-to';
import { TEXTS, type TextsPatch, textsWith } from './texts';

/** The options of {@link createConnectHandlers}. */
export interface ConnectHandlersOptions<
  Context = unknown,
> extends ProviderHandlersOptions<Context> {
  /**
   * The address below which the routes are: `/connect/NAME`, `/callback/NAME`, which is the redirect URI that is
   * registered with the provider, and `/disconnect/NAME`. Default: `TOKENKEEP_CONNECT_URL`.
   */
  url?: string | undefined;
  /** The requested scopes by the provider's name. Default: none; `google` needs some. */
  scopes?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Replaces texts of the pages, for all providers, or for each. */
  texts?: TextsPatch | ((provider: string) => TextsPatch | undefined) | undefined;
}

/** The options of a connect link. */
export interface ConnectLinkOptions {
  /** The provider's name. */
  provider: string;
  /** The key of a further account: the row's provider is then `<provider>#<account>`. */
  account?: string | undefined;
  /** A path of the application. */
  returnTo?: string | undefined;
  /** The values of the connection's variables, such as `{ shop: 'acme.myshopify.com' }`. */
  variables?: Readonly<Record<string, string>> | undefined;
}

/** The result of {@link createConnectHandlers}. */
export interface ConnectHandlers<Context = unknown> extends Handlers<Context> {
  /**
   * Creates a single-use link that connects an account to this user, valid for 24 hours, for a message to
   * a user who is not signed in.
   */
  linkFor: (userId: string, options: ConnectLinkOptions) => Promise<string>;
}

/** What a provider's name may look like in a path: anybody can request any. */
const LIKE_A_NAME = /^[\w.-]{1,64}$/;

const ROUTES = { connect, callback, disconnect } as const;
type Route = keyof typeof ROUTES;

/**
 * Creates the routes with which users connect and disconnect accounts at the providers that the instance knows: those
 * of the option `providers`, those with a client in the environment, and google. The tokens are stored in the
 * integration store.
 */
export function createConnectHandlers<Context = unknown>(
  options: ConnectHandlersOptions<Context> = {},
): ConnectHandlers<Context> {
  const given = optionsOf(options, [...HANDLERS_OPTIONS, 'url', 'scopes', 'texts']);
  const instance = instanceOf(given);
  const url = optionalText('url', given.url);
  if (url !== undefined) baseUrl(url);
  const scopes = scopesOf(given.scopes);
  const { texts } = given;
  // A name that no text has is an error here, not when a page is shown.
  if (typeof texts !== 'function') textsWith(TEXTS, texts ?? {});
  const configs = new Map<string, HandlerConfig<Context>>();

  /** Says once which names in `scopes` are those of no provider: they would have no effect. */
  const checkScopes = once(() => {
    const { connector } = instance();
    for (const provider of scopes.keys()) {
      if (connector.providerPage(provider)) continue;
      const option = `scopes.${provider}`;
      const told = connector.suggestion(provider);
      const reason = `no provider of this name is described, or has a client${told}`;
      const error = new ConfigurationError(`${option}: ${reason}`, { option: 'scopes' });
      reportTo(given.onError, error, provider);
    }
  });

  const suggested = new Set<string>();
  /** Says once for each provider that a name in a path looks like it, mistyped. */
  function reportMistyped(provider: string): void {
    if (!LIKE_A_NAME.test(provider)) return;
    const told = instance().connector.suggestion(provider);
    if (!told || suggested.has(told)) return;
    suggested.add(told);
    reportTo(given.onError, unknownProvider(provider, told), provider);
  }

  /** The configuration of a provider that the instance knows. */
  function configOf(provider: string): HandlerConfig<Context> | undefined {
    checkScopes();
    const known = configs.get(provider);
    if (known) return known;
    if (!instance().connector.providerPage(provider)) return undefined;
    const patch = typeof texts === 'function' ? texts(provider) : texts;
    const place = new ProviderPlace(
      { provider, scopes: scopes.get(provider) ?? [], texts: patch ?? undefined, url },
      instance,
    );
    const config = new HandlerConfig(given, instance, place);
    configs.set(provider, config);
    return config;
  }

  /** The route and the provider of a path. */
  function found(path: string): [Route, HandlerConfig<Context>] | undefined {
    const { path: base } = baseUrl(url);
    if (!path.startsWith(`${base}/`)) return undefined;
    const [route, name, ...rest] = path.slice(base.length + 1).split('/');
    if (!route || !name || rest.length > 0 || !Object.hasOwn(ROUTES, route)) return undefined;
    const provider = decoded(name);
    if (provider === undefined) return undefined;
    const config = configOf(provider);
    if (config) return [route as Route, config];
    reportMistyped(provider);
    return undefined;
  }

  async function handle(request: Request, context?: Context): Promise<Response | undefined> {
    const [route, config] = found(new URL(request.url).pathname) ?? [];
    return route && config && ROUTES[route](config, request, context as Context);
  }

  const one = async (request: Request, context?: Context): Promise<Response> =>
    (await handle(request, context)) ?? json({ detail: 'Not Found' }, 404);

  return {
    connect: one,
    callback: one,
    disconnect: one,
    handle,
    serves: (path) => found(path) !== undefined,
    paths: () => {
      const { path } = baseUrl(url);
      const at = (route: Route) => `${path}/${route}/:provider`;
      return { connect: at('connect'), callback: at('callback'), disconnect: at('disconnect') };
    },
    async linkFor(userId, link) {
      const fields = optionsOf(link, ['provider', 'account', 'returnTo', 'variables']);
      const provider = text('provider', fields.provider);
      const config = configOf(provider);
      if (!config) throw unknownProvider(provider, instance().connector.suggestion(provider));
      const returnTo = returnToOf(fields.returnTo, config.redirectUri) ?? config.returnTo;
      const account = accountKeyOf('account', fields.account);
      return linkFor(config, userId, returnTo, account, textsOf('variables', fields.variables));
    },
  };
}

/** An object of strings; empty if absent. */
function textsOf(argument: string, value: unknown): Record<string, string> {
  const given = Object.entries(record(argument, value ?? {}));
  return Object.fromEntries(given.map(([name, part]) => [name, text(`${argument}.${name}`, part)]));
}

/** Runs `work` at the first call only. */
function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    work();
  };
}

/** A part of a path; `undefined`: it is not encoded as one. */
function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

function scopesOf(given: unknown): Map<string, string[]> {
  const scopes = Object.entries(record('scopes', given ?? {}));
  return new Map(
    scopes.map(([provider, list]) => {
      const argument = `scopes.${provider}`;
      const texts = optionalTexts(argument, list);
      if (texts) return [provider, texts];
      throw new InvalidArgumentError(`${argument}: must be an array`, { argument });
    }),
  );
}

function unknownProvider(provider: string, told: string): ConfigurationError {
  const option = `providers.${provider}`;
  const reason = 'is not set: describe the provider, or set its client';
  return new ConfigurationError(`${option}: ${reason}${told}`, { option: 'providers' });
}
