/** An application's own `fetch` instead of the core's HTTP client. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Bridge } from '../../index';
import { fieldsOf } from '../input/fields';
import type { MakeHandle } from './layouts';
import { bytesOf } from './response-body';

/** Like the global `fetch`: for a proxy, client certificates, or a test. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Runs a function in the async context of a call. */
type InContext = ReturnType<typeof AsyncLocalStorage.snapshot>;

const fetches = new Map<number, Fetch>();
const underWay = new Map<number, () => void>();
const callers = new Map<number, InContext>();

/** Whether an instance has a `fetch`, which runs in the async context of its caller. */
let keepsCallers = false;

/** How much of an answer is read: one byte more than the core accepts. */
const READ_MAX_BYTES = 1024 * 1024 + 1;

/** Error codes of connections that were never made: nothing was sent. */
const NOT_CONNECTED: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Requests of the instance with this number go through `fetch`. */
export function useFetch(bridge: Bridge, instance: number, fetch: Fetch): void {
  bridge.keepCallers();
  keepsCallers = true;
  fetches.set(instance, fetch);
}

/** The instance has ended. */
export function forgetFetch(instance: number): void {
  fetches.delete(instance);
}

/** Keeps the async context of a call until the core forgets it, where a `fetch` may run for it. */
export function keepCaller(id: number): void {
  if (keepsCallers) callers.set(id, AsyncLocalStorage.snapshot());
}

/** Nothing runs for this call any more. */
export function forgetCaller(id: number): void {
  callers.delete(id);
}

/** No task waits for the answer any more. */
export function abortRequest(call: number): void {
  underWay.get(call)?.();
}

type FetchField =
  'call' | 'instance' | 'caller' | 'method' | 'url' | 'headers' | 'body' | 'authorization';

/** Reads a request and sends it in the async context of the call that it is sent for. */
export function fetchMessage(bridge: () => Bridge): MakeHandle<FetchField> {
  return ({ call, instance, caller, method, url, headers, body, authorization }) =>
    (flat, at) => {
      const request: FetchRequest = {
        method: flat[at + method] as string,
        url: flat[at + url] as string,
        headers: flat[at + headers] as string,
        body: flat[at + body] as string,
        authorization: flat[at + authorization] as string | null,
      };
      const inContext = callers.get(flat[at + caller] as number);
      const fetch = fetches.get(flat[at + instance] as number);
      const send = () => sendWith(bridge(), flat[at + call] as number, fetch, request);
      void (inContext ? inContext(send) : send());
    };
}

/** A body, and the header `Authorization`, where the client authenticates there. */
interface FetchRequest {
  method: string;
  url: string;
  /** The other headers, as JSON. */
  headers: string;
  /** Empty: there is none. */
  body: string;
  authorization: string | null;
}

async function sendWith(
  bridge: Bridge,
  call: number,
  fetch: Fetch | undefined,
  { method, url, headers, body, authorization }: FetchRequest,
): Promise<void> {
  const controller = new AbortController();
  try {
    if (!fetch || !bridge.mayFetch(call)) return bridge.fetchThrew(call, false);
    const inContext = AsyncLocalStorage.snapshot();
    underWay.set(call, () => inContext(() => controller.abort()));
    const response = await fetch(url, {
      method,
      headers: {
        ...(JSON.parse(headers) as Record<string, string>),
        ...(authorization === null ? {} : { authorization }),
      },
      ...(body === '' ? {} : { body }),
      redirect: 'manual',
      signal: controller.signal,
    });
    const { status } = response;
    const after = (name: string) => response.headers.get(name);
    const retryAfter = after('retry-after') ?? after('x-retry-after');
    bridge.fetched(call, status, retryAfter, await bytesOf(response, READ_MAX_BYTES));
  } catch (error) {
    bridge.fetchThrew(call, !NOT_CONNECTED.has(codeOf(error)));
  } finally {
    underWay.delete(call);
  }
}

/** The code of an error, or of its cause, as Node's own fetch has it. */
function codeOf(error: unknown): unknown {
  try {
    const { code, cause } = fieldsOf(Object(error));
    return fieldsOf(Object(cause)).code ?? code;
  } catch {
    // A getter threw: the error has no readable code.
    return undefined;
  }
}
