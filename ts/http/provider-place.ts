/** The routes of a provider, below an address that all providers share. */

import { ConfigurationError } from '../errors/errors';
import { variableOf } from '../input/fields';
import type { TokenKeep } from '../instance/instance';
import type { Place } from './config';
import { type Texts, type TextsPatch, englishTexts, subjectOf, textsWith } from './texts';

/** The variable with the address of the routes. */
const VARIABLE = 'TOKENKEEP_CONNECT_URL';

/** The address below which the routes are: its origin, and its path without a slash at the end. */
export function baseUrl(given: string | undefined): { origin: string; path: string } {
  const text = given ?? variableOf(VARIABLE);
  const url = text && URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && !url.search && !url.hash && !url.username;
  if (isPlain && ['http:', 'https:'].includes(url.protocol)) {
    const { origin, pathname } = url;
    return { origin, path: pathname.endsWith('/') ? pathname.slice(0, -1) : pathname };
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

  get variables(): readonly string[] {
    return this.#page()?.variables ?? [];
  }

  redirectUri(): URL {
    return this.#at('callback');
  }

  route(name: 'connect' | 'disconnect'): URL {
    return this.#at(name);
  }

  /** The consent screen, and any host with TLS: many providers redirect from there to another one. */
  formTargets(): string {
    return `https: ${this.#page()?.authorizationOrigin ?? ''}`.trimEnd();
  }

  #page() {
    return this.#instance().connector.providerPage(this.provider);
  }

  #at(route: string): URL {
    const { origin, path } = baseUrl(this.#url);
    return new URL(`${origin}${path}/${route}/${encodeURIComponent(this.provider)}`);
  }
}
