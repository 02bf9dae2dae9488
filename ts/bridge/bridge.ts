/**
 * The JavaScript side of the bridge: calls wait under a number, and one wake-up settles all that are
 * ready. Objects, dates and errors are created here, in the caller's realm.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { clearTimeout, setImmediate, setInterval, setTimeout } from 'node:timers';
import type { Bridge, ThrownFields } from '../../index';
import { optionalScopes } from '../input/arguments';
import { forgetDatabasePassword, givePassword } from './database-password';
import { eventMessage } from './events';
import { abortRequest, fetchMessage, forgetCaller, keepCaller } from './fetch';
import { type At, type ReadRecord, messageHandlers } from './layouts';
import { withoutPrototype, fieldsOf } from '../input/fields';
import { type Failure, errorOf } from './failure';
import { native } from './native';

/**
 * A function of the caller that refreshes tokens. `signal` aborts when its time is over. `expiryDate` is
 * in milliseconds since 1970; if it is missing or cannot be stored, the token counts as valid for an hour.
 * Without a `refreshToken` that can be stored, the old one stays.
 */
export type RefreshFn = (
  refreshToken: string,
  context: { signal: AbortSignal },
) => Promise<{
  accessToken: string;
  refreshToken?: string | null | undefined;
  expiryDate: number;
  /** The granted scopes, for a store with scopes; if they are missing or not valid, the stored ones stay. */
  scopes?: readonly string[] | undefined;
}>;

/** A call that waits for its result. */
class Waiting {
  readonly readRecord: ReadRecord<unknown>;
  readonly resolve: (value: unknown) => void;

  constructor(readRecord: ReadRecord<unknown>, resolve: (value: unknown) => void) {
    this.readRecord = readRecord;
    this.resolve = resolve;
  }

  reject(failure: Failure): void {
    this.resolve(rejection(failure));
  }
}

/** How many thrown objects are kept for the `cause` of remembered failures: the latest ones. */
const CAUSES_MAX = 1_000;
/** How long Node is kept alive for an answer that is not stored yet, after everything else has ended. */
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

// Node stays alive while a call is running, as during its own asynchronous calls.
const alive = setInterval(() => {}, FOREVER_MS).unref();

export const bridge: Bridge = new native.Bridge(settle);

/**
 * Calls a native function: `start` passes it the number of the call. What `start` throws, such as an argument's
 * error, becomes a rejection. Errors have the caller's stack. `readRecord` reads the record that the promise
 * resolves to, if it resolves to one.
 */
export function call<Result>(
  start: (id: number) => void,
  readRecord: ReadRecord<unknown> = nothing,
): Promise<Result> {
  const id = (lastId + 1) >>> 0;
  lastId = id;
  try {
    start(id);
  } catch (error) {
    return Promise.reject(error);
  }
  keepCaller(id);
  if (waiting.size === 0) alive.ref();
  return new Promise((resolve) => {
    waiting.set(id, new Waiting(readRecord, resolve as Waiting['resolve']));
  });
}

const nothing = () => undefined;

/**
 * Rejects with the error of a failure. The promise of the call follows this one a microtask later. Only then does
 * V8 find who awaits the call, and an error that is created now has those functions in its stack.
 */
async function rejection(failure: Failure): Promise<never> {
  await undefined;
  await undefined;
  throw errorOf(failure);
}

/** A kept function. It and the listeners of its signal run in the caller's async context. */
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
 * Settles once in a turn of the event loop. Callers may call again at once, and Node calls a
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

let collected: unknown[] = [];

/** Node-API makes an array of many values fastest as the arguments of a function. */
function collect(...values: unknown[]): void {
  if (collected.length === 0) collected = values;
  else for (const value of values) collected.push(value);
}

function drain(): void {
  bridge.drain(collect);
  const flat = collected;
  collected = [];
  for (let at = 0; at < flat.length;) {
    at = message(flat, at);
  }
}

/** Deals with the message at `at`: the number of its kind, then its fields. Gives where the next one begins. */
function message(flat: readonly unknown[], at: number): number {
  const { handle, size } = handlers[flat[at] as number]!;
  const more = handle(flat, at + 1);
  return at + 1 + size + (more ?? 0);
}

/** What is done with each kind of message, as `src/binding/message.rs` declares them. */
const handlers = messageHandlers({
  Record: ({ call, record }: At<'call' | 'record'>) => {
    const elements = record + 1;
    return (flat, at) => {
      const waiting = take(flat[at + call]);
      waiting?.resolve(waiting.readRecord(flat, at + elements));
      return flat[at + record] as number;
    };
  },
  Value:
    ({ call, value }: At<'call' | 'value'>) =>
    (flat, at) => {
      take(flat[at + call])?.resolve(flat[at + value]);
    },
  Texts:
    ({ call, texts }: At<'call' | 'texts'>) =>
    (flat, at) => {
      // An array of this realm.
      take(flat[at + call])?.resolve(Array.from(flat[at + texts] as string[]));
    },
  Failed:
    ({ call, failure }: At<'call' | 'failure'>) =>
    (flat, at) => {
      take(flat[at + call])?.reject(withCause(flat[at + failure] as Failure));
    },
  Refresh:
    ({ call, function: id, token }: At<'call' | 'function' | 'token'>) =>
    (flat, at) => {
      void refresh(flat[at + call] as number, flat[at + id] as number, flat[at + token] as string);
    },
  ForgetRefreshFn:
    ({ function: id }: At<'function'>) =>
    (flat, at) => {
      refreshFns.delete(flat[at + id] as number);
    },
  Fetch: fetchMessage(() => bridge),
  AbortFetch:
    ({ call }: At<'call'>) =>
    (flat, at) =>
      abortRequest(flat[at + call] as number),
  ForgetCaller:
    ({ call }: At<'call'>) =>
    (flat, at) =>
      forgetCaller(flat[at + call] as number),
  Password:
    ({ call, function: id }: At<'call' | 'function'>) =>
    (flat, at) => {
      void givePassword(bridge, flat[at + call] as number, flat[at + id] as number, keepCause);
    },
  ForgetPassword:
    ({ function: id }: At<'function'>) =>
    (flat, at) =>
      forgetDatabasePassword(flat[at + id] as number),
  Hold:
    ({ held }: At<'held'>) =>
    (flat, at) =>
      hold(flat[at + held] as boolean),
  Event: eventMessage,
});

function take(id: unknown): Waiting | undefined {
  const call = waiting.get(id as number);
  waiting.delete(id as number);
  if (waiting.size === 0) alive.unref();
  return call;
}

/** A failure, with the object that a callback threw. */
function withCause(failure: Failure): Failure {
  const { causeId } = fieldsOf(failure.details as { causeId?: unknown });
  return typeof causeId === 'number' ? { ...failure, cause: causes.get(causeId) } : failure;
}

/** Runs a kept function and passes its outcome to the core. */
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
 * What a function returned. Without an access token it is not a token response, but the refresh token may
 * have been rotated: the core refuses the empty access token given here. Other invalid values lose no token:
 * the old refresh token stays, and an invalid time means the default lifetime.
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

/** `undefined` if a proxy or a getter throws. */
function partOf<Part>(read: () => Part): Part | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Keeps a thrown object for the `cause` of errors; returns its number. */
function keepCause(thrown: unknown): number {
  lastCause = (lastCause + 1) >>> 0;
  const causeId = lastCause;
  causes.set(causeId, thrown);
  const [oldest] = causes.keys();
  if (causes.size > CAUSES_MAX && oldest !== undefined) causes.delete(oldest);
  return causeId;
}

/** The fields that google-auth-library, gaxios and fetch set on their errors, where they are readable. */
function thrownFields(thrown: unknown): ThrownFields {
  const told: ThrownFields = withoutPrototype({ causeId: keepCause(thrown), message: '' });
  const own = fieldsOf(Object(thrown));
  // One by one: a getter that throws, or an object without a text, does not affect the other fields.
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
      // The field stays unset.
    }
  }
  return told;
}

/** From sending a refresh until its commit Node waits a while, even if everything else has ended. */
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
