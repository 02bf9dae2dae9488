/** `revive`. */

import { date, optionsOf, text } from '../input/arguments';
import { call } from '../bridge/bridge';
import { type InstanceHandle, native } from '../bridge/native';
import type { StoresThat } from '../stores/registry';

/** Which marks to remove. */
export interface ReviveOptions {
  /** A store that marks rows with a revoked grant; gmail and calendar delete them instead. */
  store: StoresThat<'revives'>;
  /** Only rows that were marked at this time or later, such as since a wrong deployment. Default: all. */
  since?: Date | undefined;
}

/** Removes the marks; returns their number. */
export function runRevive(instance: InstanceHandle, options: ReviveOptions): Promise<number> {
  return call((id) => {
    const { store, since } = optionsOf(options, ['store', 'since']);
    const from = since === undefined ? undefined : date('since', since);
    native.revive(instance, id, text('store', store), from);
  });
}
