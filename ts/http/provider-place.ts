/** The routes of a provider, below an address that all providers share. */

import { ConfigurationError } from '../errors/errors';
import { variableOf } from '../input/fields';
import type { TokenKeep } from '../instance/instance';
import type { Place } from './config';
import { type Texts, type TextsPatch, englishTexts, subjectOf, textsWith } from './texts';

/** The variable with the address of the routes. */
const VARIABLE = 'TOKENKEEP_CONNECT_URL';

/** The address below which the routes are, without a slash at the end. */
export function baseUrl(given: string | undefined): URL {
  const text = given ?? variableOf(VARIABLE);
  const url = text && URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && !url.search && !url.hash && !url.username;
  if (isPlain && ['http:', 'https:'].includes(url.protocol)) {
    if (url.pathname.endsWith('/')) url.pathname = url.pathname.slice(0, -1);
    return url;
  }
  const option = given === undefined ? VARIABLE : 'url';
  const example = 'such as https://app.example/oauth, below which the routes are';
  throw new ConfigurationError(
    `${option}: ${text ? 'must be a URL without a query' : 'is not set. Set it to a URL'}, ${example}`,
    { option },
  );
}

/** What differs between providers. */
export interface ProviderRoutes {
  provider: string;
  scopes: string[];
  texts: TextsPatch | undefined;
  /** The option `url`. */
  url: string | undefined;
}

export class ProviderPlace implements Place {
  readonly store = 'integration';
  readonly scopes: string[];
  readonly provider: string;
  readonly #texts: TextsPatch | undefined;
  readonly #url: string | undefined;
  readonly #instance: () => TokenKeep;

  constructor({ provider, scopes, texts, url }: ProviderRoutes, instance: () => TokenKeep) {
    this.provider = provider;
    this.scopes = scopes;
    this.#texts = texts;
    this.#url = url;
    this.#instance = instance;
  }

  get title(): string {
    return this.#page()?.title ?? this.provider;
  }

  get texts(): Texts {
    return textsWith(englishTexts(subjectOf(this.title)), this.#texts);
  }

  redirectUri(): URL {
    return this.#at('callback');
  }

  route(name: 'connect' | 'disconnect'): URL {
    return this.#at(name);
  }

  authorizationOrigin(): string | undefined {
    return this.#page()?.authorizationOrigin;
  }

  #page() {
    return this.#instance().connector.providerPage(this.provider);
  }

  #at(route: string): URL {
    const url = baseUrl(this.#url);
    url.pathname = `${url.pathname}/${route}/${this.provider}`;
    return url;
  }
}
