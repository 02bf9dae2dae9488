/** Events: one diagnostics channel, and an option of each instance. No payload holds a secret. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { tell } from './callbacks';
import type { MakeHandle } from './layouts';

/** What happened, to which row. */
export interface TokenkeepEvent {
  type:
    | 'refresh.start'
    | 'refresh.end'
    | 'refresh.fail'
    | 'lease.lost'
    | 'commit.retry'
    | 'row.dropped'
    | 'client.unproven'
    | 'account.changed'
    | 'revoke.unconfirmed';
  store: string;
  key: string;
  durationMs?: number;
  code?: string;
  /** For `client.unproven`: the `reason` of `ClientUnprovenError`. */
  reason?: string;
}

/** The name of the diagnostics channel. */
export const CHANNEL = 'tokenkeep';

const events = channel(CHANNEL);
const followers = new Map<number, () => void>();
const listeners = new Map<number, Listener>();

/** Called with each event of an instance. */
export type Listener = (event: TokenkeepEvent) => void;

/** The listener, bound to the current async context. */
export function boundListener(listener: Listener): Listener {
  const inContext = AsyncLocalStorage.snapshot();
  return (event) => inContext(listener, event);
}

/** Calls `listener` with the events of an instance. */
export function listen(instance: number, listener: Listener): void {
  listeners.set(instance, listener);
}

/** Removes the listener of an instance. */
export function unlisten(instance: number): void {
  listeners.delete(instance);
}

/** Calls `follow` when a refreshed token of an instance could not be stored. */
export function whenNotStored(instance: number, follow: () => void): void {
  followers.set(instance, follow);
}

/** Removes the function of {@link whenNotStored}. */
export function forgetWhenNotStored(instance: number): void {
  followers.delete(instance);
}

type EventField = 'instance' | 'event' | 'store' | 'key' | 'duration' | 'code' | 'reason';

/** Reads an event and publishes it. */
export const eventMessage: MakeHandle<EventField> =
  ({ instance, event: type, store, key, duration, code, reason }) =>
  (flat, at) => {
    const event: TokenkeepEvent = {
      type: flat[at + type] as TokenkeepEvent['type'],
      store: flat[at + store] as string,
      key: flat[at + key] as string,
    };
    const [durationMs, errorCode, why] = [flat[at + duration], flat[at + code], flat[at + reason]];
    if (durationMs !== null) event.durationMs = durationMs as number;
    if (errorCode !== null) event.code = errorCode as string;
    if (why !== null) event.reason = why as string;
    publish(flat[at + instance] as number, event);
  };

function publish(instance: number, event: TokenkeepEvent): void {
  if (event.type === 'commit.retry') followers.get(instance)?.();
  publishTo(listeners.get(instance), event);
}

/** Publishes an event on the channel and to the listener of its instance. */
export function publishTo(listener: Listener | undefined, event: TokenkeepEvent): void {
  // Node reports later what a subscriber throws, as an uncaught exception.
  events.publish(event);
  if (listener) tell('onEvent', () => listener(event));
}
