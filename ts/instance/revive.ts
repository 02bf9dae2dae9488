/** `revive`: rows that were marked dead are tried again. */

import type { Instance } from '../../index';
import { date, record, text } from '../input/arguments';
import { promised } from '../bridge/bridge';
import { native } from '../bridge/native';
import type { StoresThat } from '../stores/registry';

/** Which rows are tried again. */
export interface ReviveOptions {
  /** A store that marks rows whose grant is dead; gmail and calendar delete them. */
  store: StoresThat<'revives'>;
  /** Only rows that were marked then or later, such as since a wrong deployment began: all of them. */
  since?: Date | undefined;
}

const reviveNative = promised<number, Instance, [string, number | undefined]>(
  native.revive,
  (fields, at) => fields[at] as number,
);

/** Takes the marks off; gives how many there were. */
export async function runRevive(instance: Instance, options: ReviveOptions): Promise<number> {
  const { store, since } = record('options', options);
  const from = since === undefined ? undefined : date('since', since);
  return reviveNative(instance, text('store', store), from);
}
