/** Events: one diagnostics channel, and an option of each instance. No payload holds a secret. */

import { channel } from 'node:diagnostics_channel';

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
}

/** The name of the diagnostics channel. */
export const CHANNEL = 'tokenkeep';

const events = channel(CHANNEL);
const followers = new Map<number, () => void>();
const listeners = new Map<number, (event: TokenkeepEvent) => void>();

/** Has the events of instance `keep` told to `listener`. */
export function listen(keep: number, listener: (event: TokenkeepEvent) => void): void {
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

/** Publishes an event as the core tells it: instance, type, store, key, duration, code. */
export function publish(told: unknown[]): void {
  const [keep, type, store, key, durationMs, code] = told as [
    number,
    TokenkeepEvent['type'],
    string,
    string,
    number | null,
    string | null,
  ];
  if (type === 'commit.retry') followers.get(keep)?.();
  const event: TokenkeepEvent = { type, store, key };
  if (durationMs !== null) event.durationMs = durationMs;
  if (code !== null) event.code = code;
  events.publish(event);
  try {
    listeners.get(keep)?.(event);
  } catch (error) {
    // Not `String(error)`, which may throw for an odd object: what is settled next must not be lost.
    const text = error instanceof Error ? error.message : `a ${typeof error}`;
    process.emitWarning(`onEvent threw ${text}`, 'TokenkeepWarning');
  }
}
