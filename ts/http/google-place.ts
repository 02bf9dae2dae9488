/** Google's own routes: next to `GOOGLE_OAUTH_REDIRECT_URI`. */

import { ConfigurationError, InvalidArgumentError } from '../errors/errors';
import { optionalTexts } from '../input/arguments';
import { CONNECTED_STORES, type ConnectedStore } from '../instance/connector';
import type { TokenKeep } from '../instance/instance';
import type { HandlersOptions, Place } from './config';
import { TEXTS, type Texts, type TextsPatch, textsWith } from './texts';

/** The options of {@link createGoogleHandlers}. */
export interface GoogleHandlersOptions<Context = unknown> extends HandlersOptions<Context> {
  /** The store of the tokens: `'calendar'` (default), or `'integration'` with the provider google. */
  store?: ConnectedStore | undefined;
  /** The requested scopes. Default: `calendar.events`. */
  scopes?: string[] | undefined;
  /** Replaces texts of the pages. */
  texts?: TextsPatch | undefined;
}

/** The names of the options that only Google's handlers have. */
export const GOOGLE_OPTIONS = ['store', 'scopes', 'texts'] as const;

export class GooglePlace implements Place {
  readonly store: ConnectedStore;
  readonly title = 'Google';
  readonly texts: Texts;
  readonly scopes: string[] | undefined;
  readonly provider = undefined;
  readonly variables = [];
  readonly #instance: () => TokenKeep;

  constructor({ store, scopes, texts }: GoogleHandlersOptions<never>, instance: () => TokenKeep) {
    this.store = storeOf(store ?? 'calendar');
    this.scopes = optionalTexts('scopes', scopes);
    this.texts = textsWith(TEXTS, texts);
    this.#instance = instance;
  }

  redirectUri(): URL {
    return this.#instance().connector.redirectUri();
  }

  route(name: 'connect' | 'disconnect'): URL {
    const { origin, pathname } = this.redirectUri();
    const route = new URL(name, new URL(pathname, origin));
    if (route.pathname !== pathname) return route;
    const option = 'GOOGLE_OAUTH_REDIRECT_URI';
    throw new ConfigurationError(`${option}: must not end with /${name}, which is another route`, {
      option,
    });
  }

  formTargets(): string {
    return this.#instance().connector.authorizationOrigin();
  }
}

function storeOf(store: unknown): ConnectedStore {
  const found = CONNECTED_STORES.find((name) => name === store);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`store: must be one of: ${CONNECTED_STORES.join(', ')}`, {
    argument: 'store',
  });
}
