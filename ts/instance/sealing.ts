/** `sealValue`, `openValue` and `unseal`: sealed values outside the stores' own functions. */

import type { Instance, SealingKeys } from '../../index';
import { record, text } from '../input/arguments';
import { type ReadRecord, promised } from '../bridge/bridge';
import { InvalidArgumentError } from '../errors/errors';
import { attempt } from '../errors/failure';
import { bare, env } from '../input/fields';
import { native } from '../bridge/native';
import { type TokenKeepOptions, flag } from '../settings/settings';
import type { StoresThat } from '../stores/registry';

/** The stores whose values are sealed in tokenkeep's own format. */
export type SealedStore = StoresThat<'seals'>;

/** The parts of a row's natural key: of zoho `[clientId, provider]`, of calendar
 * `[userId]`, of integration `[userId, provider]`. */
export type RowKey = readonly string[];

/** Whose values become plaintext again. */
export interface UnsealOptions {
  store: SealedStore;
}

const readCount: ReadRecord<number> = (fields, at) => fields[at] as number;

const unsealNative = promised<number, Instance, [string]>(native.unseal, readCount);

/** Rewrites every sealed value of a store in plaintext; gives how many rows. */
export async function runUnseal(instance: Instance, options: UnsealOptions): Promise<number> {
  return unsealNative(instance, text('store', record('options', options)['store']));
}

/** Seals and opens values with the keys of some options, else of the environment at the call. */
export class ValueSealer {
  readonly #options: TokenKeepOptions;
  #keys: SealingKeys | undefined;
  #said: readonly [string | undefined, boolean] = [undefined, false];

  constructor(options: TokenKeepOptions) {
    this.#options = options;
  }

  seal(store: SealedStore, column: string, key: RowKey, value: string): string {
    return attempt(() =>
      native.sealValue(this.#current(), ...place(store, column, key), text('text', value)),
    );
  }

  open(store: SealedStore, column: string, key: RowKey, stored: string): string {
    return attempt(() =>
      native.openValue(this.#current(), ...place(store, column, key), text('stored', stored)),
    );
  }

  /** The keys, parsed once for as long as what they are read from stays the same. */
  #current(): SealingKeys {
    const { tokenkeepKey, requireSealed } = this.#options;
    const keyText = tokenkeepKey ?? env['TOKENKEEP_KEY'];
    const said = env['TOKENKEEP_REQUIRE_SEALED'];
    const required = requireSealed ?? (said ? flag('TOKENKEEP_REQUIRE_SEALED', said) : false);
    const [key, was] = this.#said;
    if (!this.#keys || key !== keyText || was !== required) {
      this.#keys = new native.SealingKeys(keyText, required);
      this.#said = [keyText, required];
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

const shared = new ValueSealer(bare({}));

/**
 * Seals a text for one column of one row with the first key of `TOKENKEEP_KEY`, for an application
 * that writes a row inside a transaction of its own. It opens nowhere else.
 * @throws {ConfigurationError} when there is no usable key
 */
export function sealValue(store: SealedStore, column: string, key: RowKey, value: string): string {
  return shared.seal(store, column, key, value);
}

/**
 * Opens a value that was read from this column of this row. What is not sealed is given as it is,
 * unless `TOKENKEEP_REQUIRE_SEALED=1`.
 * @throws {DecryptionError} when a sealed value does not open
 */
export function openValue(store: SealedStore, column: string, key: RowKey, stored: string): string {
  return shared.open(store, column, key, stored);
}
