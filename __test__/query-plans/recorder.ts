/** Which functions of an instance's stores were called. */

import type { TokenKeep } from '../../dist/index.js';

const STORES = ['gmail', 'zoho', 'vault', 'calendar', 'integration', 'connector'] as const;

type Store = Record<string, unknown>;

export class Recorder {
  readonly #called = new Set<string>();
  readonly #known = new Set<string>();

  /** The instance, watched. */
  of(keep: TokenKeep): TokenKeep {
    const watched = STORES.map((name) => [name, this.#watch(name, keep[name] as object as Store)]);
    return { ...keep, ...Object.fromEntries(watched) };
  }

  /** The functions that nobody has called. */
  uncalled(): string[] {
    return [...this.#known].filter((name) => !this.#called.has(name));
  }

  #watch(store: string, of: Store): Store {
    const own = Object.getOwnPropertyNames(of);
    const shared = Object.getOwnPropertyNames(Object.getPrototypeOf(of));
    for (const name of new Set([...own, ...shared])) {
      if (name !== 'constructor' && typeof of[name] === 'function') {
        this.#known.add(`${store}.${name}`);
      }
    }
    return new Proxy(of, {
      get: (target, name: string) => {
        this.#called.add(`${store}.${name}`);
        const value = target[name];
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }
}
