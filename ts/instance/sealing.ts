/** `sealValue`, `openValue` and `unseal`. */

import type { SealingKeys } from '../../index';
import { optionsOf, text } from '../input/arguments';
import { call } from '../bridge/bridge';
import { InvalidArgumentError } from '../errors/errors';
import { orThrow } from '../bridge/failure';
import { variableOf } from '../input/fields';
import { type InstanceHandle, native } from '../bridge/native';
import { flag } from '../settings/settings';
import type { TokenKeepOptions } from '../settings/options';
import type { StoresThat } from '../stores/registry';

/** The stores whose values are sealed in the format `tk1.`. */
export type SealedStore = StoresThat<'seals'>;

/** A row's key: `[clientId, provider]` for zoho, `[userId]` for calendar, `[userId, provider]` for
 * integration. */
export type RowKey = readonly string[];

/** The store whose values are rewritten in plaintext. */
export interface UnsealOptions {
  store: SealedStore;
}

/** Rewrites every sealed value of a store in plaintext; returns the number of rows. */
export function runUnseal(instance: InstanceHandle, options: UnsealOptions): Promise<number> {
  return call((id) =>
    native.unseal(instance, id, text('store', optionsOf(options, ['store']).store)),
  );
}

/** Seals and opens values with the keys of the options, or else of variables. */
export class ValueSealer {
  readonly #options: TokenKeepOptions;
  readonly #variable: (name: string) => string | undefined;
  #keys: SealingKeys | undefined;
  #source: readonly [keyText: string | undefined, requireSealed: boolean] = [undefined, false];

  /** `variable` is called with each use: it gives the value of a variable. */
  constructor(options: TokenKeepOptions, variable: (name: string) => string | undefined) {
    this.#options = options;
    this.#variable = variable;
  }

  seal(store: SealedStore, column: string, key: RowKey, value: string): string {
    return orThrow(
      native.sealValue(this.#current(), ...place(store, column, key), text('text', value)),
    );
  }

  open(store: SealedStore, column: string, key: RowKey, stored: string): string {
    return orThrow(
      native.openValue(this.#current(), ...place(store, column, key), text('stored', stored)),
    );
  }

  /** The keys, parsed again only when their source has changed. */
  #current(): SealingKeys {
    const { tokenkeepKey, requireSealed } = this.#options;
    const keyText = tokenkeepKey ?? this.#variable('TOKENKEEP_KEY');
    const variable = this.#variable('TOKENKEEP_REQUIRE_SEALED');
    const required =
      requireSealed ?? (variable ? flag('TOKENKEEP_REQUIRE_SEALED', variable) : false);
    const [lastKeyText, lastRequired] = this.#source;
    if (!this.#keys || lastKeyText !== keyText || lastRequired !== required) {
      this.#keys = native.openSealingKeys(keyText, required);
      this.#source = [keyText, required];
    }
    return this.#keys;
  }
}

function place(store: unknown, column: unknown, key: unknown): [string, string, string[]] {
  if (!Array.isArray(key)) {
    throw new InvalidArgumentError('key: must be an array of strings', { argument: 'key' });
  }
  return [text('store', store), text('column', column), key.map((part) => text('key', part))];
}

const shared = new ValueSealer(Object.create(null) as TokenKeepOptions, variableOf);

/**
 * Seals a string for one column of one row with the first key of `TOKENKEEP_KEY`, for an application that
 * writes a row in its own transaction. The result can be opened for that column and row only.
 * @throws {ConfigurationError} if there is no valid key
 */
export function sealValue(store: SealedStore, column: string, key: RowKey, value: string): string {
  return shared.seal(store, column, key, value);
}

/**
 * Opens a value that was read from this column of this row. Returns a value that is not sealed as it is,
 * unless `TOKENKEEP_REQUIRE_SEALED=1`.
 * @throws {DecryptionError} if a sealed value cannot be opened
 */
export function openValue(store: SealedStore, column: string, key: RowKey, stored: string): string {
  return shared.open(store, column, key, stored);
}
