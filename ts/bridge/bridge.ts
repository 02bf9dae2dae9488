/**
 * The JavaScript side of the bridge: calls wait under a number, and one wake-up settles all that
 * are ready. Objects, dates and errors are made here, in the realm that asked.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { clearTimeout, setImmediate, setInterval, setTimeout } from 'node:timers';
import type { Bridge, ThrownFields } from '../../index';
import { optionalScopes } from '../input/arguments';
import { forgetDatabasePassword, givePassword } from './database-password';
import { publish } from './events';
import { abortRequest, forgetCaller, keepCaller, sendRequest } from './fetch';
import { bare, fieldsOf } from '../input/fields';
import { type Failure, errorOf } from '../errors/failure';
import { native } from './native';

/**
 * A function of the caller's that refreshes. `signal` aborts when its time is over. `expiryDate` is
 * in milliseconds since 1970; without one that can be stored the token counts for an hour, and without
 * such a `refreshToken` the old one stays.
 */
export type RefreshFn = (
  refreshToken: string,
  context: { signal: AbortSignal },
) => Promise<{
  accessToken: string;
  refreshToken?: string | null | undefined;
  expiryDate: number;
  /** The granted scopes, for a store that keeps them; without them, or with what is none, the stored
   * ones stay. */
  scopes?: readonly string[] | undefined;
}>;

/** Reads a record's fields, which begin at `at`. */
export type ReadRecord<Value> = (fields: unknown[], at: number) => Value;

interface Waiting {
  readRecord: ReadRecord<unknown>;
  resolve(value: unknown): void;
  reject(failure: Failure): void;
}

/** The kinds of messages, in the order of `src/binding/message.rs`. */
const NOTHING = 0;
const NULL = 1;
const BOOL = 2;
const TEXTS = 3;
const RECORD = 4;
const ERROR = 5;
const REFRESH = 6;
const FORGET = 7;
const HOLD = 8;
const EVENT = 9;
const FETCH = 10;
const ABORT_FETCH = 11;
const PASSWORD = 12;
const FORGET_PASSWORD = 13;
const FORGET_CALLER = 14;

/** So many thrown objects are kept for the `cause` of failures that are remembered: the last ones. */
const CAUSES_MAX = 1_000;
/** How long Node is kept alive for an answer that is not stored yet, after all else has ended. */
const TAIL_MS = 60_000;
/** The longest interval that timers take. */
const FOREVER_MS = 0x7fffffff;

const waiting = new Map<number, Waiting>();
const refreshFns = new Map<number, Kept>();
const causes = new Map<number, unknown>();
let lastId = 0;
let lastFunction = 0;
let lastCause = 0;
let held = 0;

// Node stays alive while a call is under way, as with any other promise of its own.
const alive = setInterval(() => {}, FOREVER_MS).unref();

export const bridge: Bridge = new native.Bridge(settle);

/**
 * Makes an `async` function of a native one; its errors carry the caller's stack. A record that it
 * resolves to is read by `readRecord`.
 */
export function promised<Result, Target, Args extends unknown[]>(
  start: (target: Target, id: number, ...args: Args) => void,
  readRecord: ReadRecord<unknown> = () => undefined,
): (target: Target, ...args: Args) => Promise<Result> {
  return async (target, ...args) => {
    try {
      return await new Promise<Result>((resolve, reject) => {
        lastId = (lastId + 1) >>> 0;
        start(target, lastId, ...args);
        keepCaller(lastId);
        if (waiting.size === 0) alive.ref();
        waiting.set(lastId, { readRecord, resolve: resolve as Waiting['resolve'], reject });
      });
    } catch (failure) {
      throw failure instanceof Error ? failure : errorOf(failure as Failure);
    }
  };
}

/** A kept function; it runs in the caller's async context, and so does what listens to its signal. */
type Kept = (refreshToken: string, budgetMs: number) => ReturnType<RefreshFn>;

/** Keeps a function until the core forgets it. */
export function keepRefreshFn(refreshFn: RefreshFn): number {
  lastFunction = (lastFunction + 1) >>> 0;
  const inContext = AsyncLocalStorage.snapshot();
  refreshFns.set(lastFunction, (refreshToken, budgetMs) =>
    inContext(() => {
      const signal = AbortSignal.timeout(Math.ceil(budgetMs));
      return refreshFn(refreshToken, { signal });
    }),
  );
  return lastFunction;
}

let settledInThisTurn = false;
let wokenAgain = false;

/**
 * Settles once in a turn of the event loop. Callers ask again at once, and Node calls a
 * thread-safe function up to 1,000 times in a row: timers and sockets would have to wait.
 */
function settle(): void {
  if (settledInThisTurn) {
    wokenAgain = true;
    return;
  }
  settledInThisTurn = true;
  setImmediate(nextTurn);
  drain();
}

function nextTurn(): void {
  settledInThisTurn = false;
  if (!wokenAgain) return;
  wokenAgain = false;
  settle();
}

function drain(): void {
  const flat = bridge.drain();
  for (let at = 0; at < flat.length;) {
    at = message(flat, at);
  }
}

/** Deals with the message at `at`; gives where the next one begins. */
function message(flat: unknown[], at: number): number {
  switch (flat[at]) {
    case RECORD: {
      const call = take(flat[at + 1]);
      call?.resolve(call.readRecord(flat, at + 3));
      return at + 3 + (flat[at + 2] as number);
    }
    case NOTHING:
      take(flat[at + 1])?.resolve(undefined);
      return at + 2;
    case NULL:
      take(flat[at + 1])?.resolve(null);
      return at + 2;
    case BOOL:
      take(flat[at + 1])?.resolve(flat[at + 2]);
      return at + 3;
    case TEXTS:
      take(flat[at + 1])?.resolve(Array.from(flat[at + 2] as string[]));
      return at + 3;
    case ERROR:
      take(flat[at + 1])?.reject(failure(flat, at + 2));
      return at + 6;
    case REFRESH:
      void refresh(flat[at + 1] as number, flat[at + 2] as number, flat[at + 3] as string);
      return at + 4;
    case FORGET:
      refreshFns.delete(flat[at + 1] as number);
      return at + 2;
    case HOLD:
      hold(flat[at + 1] as boolean);
      return at + 2;
    case EVENT:
      publish(flat.slice(at + 1, at + 8));
      return at + 8;
    case FETCH:
      void sendRequest(bridge, flat.slice(at + 1, at + 7));
      return at + 7;
    case ABORT_FETCH:
      abortRequest(flat[at + 1] as number);
      return at + 2;
    case PASSWORD:
      void givePassword(bridge, flat[at + 1] as number, flat[at + 2] as number, keepCause);
      return at + 3;
    case FORGET_PASSWORD:
      forgetDatabasePassword(flat[at + 1] as number);
      return at + 2;
    case FORGET_CALLER:
      forgetCaller(flat[at + 1] as number);
      return at + 2;
    default:
      throw new Error(`tokenkeep: unknown message ${String(flat[at])}`);
  }
}

function take(id: unknown): Waiting | undefined {
  const call = waiting.get(id as number);
  waiting.delete(id as number);
  if (waiting.size === 0) alive.unref();
  return call;
}

function failure(flat: unknown[], at: number): Failure {
  const details = fieldsOf(flat[at + 3] as Record<string, unknown>);
  const told: Failure = {
    code: flat[at] as string,
    message: flat[at + 1] as string,
    retryable: flat[at + 2] as boolean,
    details,
  };
  if (typeof details['causeId'] === 'number') told.cause = causes.get(details['causeId']);
  return told;
}

/** Runs a kept function and tells the core what it came to. */
async function refresh(call: number, id: number, refreshToken: string): Promise<void> {
  try {
    const budgetMs = bridge.mayRun(call);
    if (budgetMs === null) return;
    bridge.refreshed(call, ...tokensOf(await refreshFns.get(id)?.(refreshToken, budgetMs)));
  } catch (thrown) {
    bridge.refreshThrew(call, thrownFields(thrown));
  }
}

type Refreshed = [
  accessToken: string,
  refreshToken: string | null,
  expiryDateMs: number,
  scopes: string[] | null,
];

/**
 * What a function returned. Without an access token it is no token response, but may have rotated all the
 * same: the core refuses an empty one. What else is odd costs no token: the old refresh token stays, and a
 * time that is no number is the usual lifetime.
 */
function tokensOf(returned: unknown): Refreshed {
  const own = fieldsOf(Object(returned));
  const accessToken = partOf(() => own.accessToken);
  const next = partOf(() => own.refreshToken);
  const time = partOf(() => own.expiryDate);
  return [
    typeof accessToken === 'string' ? accessToken : '',
    typeof next === 'string' ? next : null,
    typeof time === 'number' ? time : NaN,
    partOf(() => optionalScopes('scopes', own.scopes)) ?? null,
  ];
}

/** Nothing of a proxy, or a getter, that throws. */
function partOf<Part>(read: () => Part): Part | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Keeps what was thrown, for the `cause` of errors; gives its number. */
function keepCause(thrown: unknown): number {
  lastCause = (lastCause + 1) >>> 0;
  const causeId = lastCause;
  causes.set(causeId, thrown);
  const [oldest] = causes.keys();
  if (causes.size > CAUSES_MAX && oldest !== undefined) causes.delete(oldest);
  return causeId;
}

/** What google-auth-library, gaxios and fetch put into their errors; nothing of an odd object. */
function thrownFields(thrown: unknown): ThrownFields {
  const told: ThrownFields = bare({ causeId: keepCause(thrown), message: '' });
  const own = fieldsOf(Object(thrown));
  // Each for itself: of the others a getter that throws, or an object without a text, takes nothing.
  const readers = [
    () => (told.message = typeof own.message === 'string' ? own.message : String(thrown)),
    () => typeof own.name === 'string' && (told.name = own.name),
    () => {
      // A DOMException's `code` is a number.
      const code = typeof own.code === 'string' ? own.code : fieldsOf(Object(own.cause)).code;
      if (typeof code === 'string') told.code = code;
    },
    () => {
      const status = Number(fieldsOf(Object(own.response)).status);
      if (Number.isInteger(status) && status >= 100 && status < 600) told.status = status;
    },
    () => {
      const { error } = fieldsOf(Object(fieldsOf(Object(own.response)).data));
      if (typeof error === 'string') told.error = error;
    },
    () => {
      const data = fieldsOf(Object(fieldsOf(Object(own.response)).data));
      const description = data.error_description;
      if (typeof description === 'string') told.description = description;
    },
  ];
  for (const read of readers) {
    try {
      read();
    } catch {
      // It is a failure all the same.
    }
  }
  return told;
}

/** From sending a refresh until its commit Node waits a while, even when all else has ended. */
function hold(begins: boolean): void {
  held += begins ? 1 : -1;
  if (held === 1 && begins) process.once('beforeExit', waitForTail);
  if (held === 0) {
    process.removeListener('beforeExit', waitForTail);
    clearTimeout(tail);
  }
}

let tail: NodeJS.Timeout | undefined;

function waitForTail(): void {
  tail = setTimeout(() => {}, TAIL_MS);
}
