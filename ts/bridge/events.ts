/** Events: one diagnostics channel, and an option of each instance. No payload holds a secret. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { tell } from './callbacks';

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
  /** Of `client.unproven`: why the client is not believed, as `ClientUnprovenError` has it. */
  reason?: string;
}

/** The name of the diagnostics channel. */
export const CHANNEL = 'tokenkeep';

const events = channel(CHANNEL);
const followers = new Map<number, () => void>();
const listeners = new Map<number, Listener>();

/** Told of the events of an instance. */
export type Listener = (event: TokenkeepEvent) => void;

/** The listener in the async context that this is called in, whichever the events come from. */
export function boundListener(listener: Listener): Listener {
  const inContext = AsyncLocalStorage.snapshot();
  return (event) => inContext(listener, event);
}

/** Has the events of instance `keep` told to `listener`. */
export function listen(keep: number, listener: Listener): void {
  listeners.set(keep, listener);
}

/** Tells nobody any more. */
export function unlisten(keep: number): void {
  listeners.delete(keep);
}

/** Has `follow` called when a refreshed token of instance `keep` could not be stored. */
export function whenNotStored(keep: number, follow: () => void): void {
  followers.set(keep, follow);
}

/** There is nothing to store any more. */
export function forgetWhenNotStored(keep: number): void {
  followers.delete(keep);
}

/** Publishes an event as the core tells it: instance, type, store, key, duration, code, reason. */
export function publish(told: unknown[]): void {
  const [keep, type, store, key, durationMs, code, reason] = told as [
    number,
    TokenkeepEvent['type'],
    string,
    string,
    number | null,
    string | null,
    string | null,
  ];
  if (type === 'commit.retry') followers.get(keep)?.();
  const event: TokenkeepEvent = { type, store, key };
  if (durationMs !== null) event.durationMs = durationMs;
  if (code !== null) event.code = code;
  if (reason !== null) event.reason = reason;
  // What a subscriber throws is Node's to report, as an uncaught exception of its own, later.
  events.publish(event);
  const listener = listeners.get(keep);
  if (listener) tell('onEvent', () => listener(event));
}
