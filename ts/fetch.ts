/** An application's own `fetch` in the place of the core's HTTP client. */

import type { Bridge } from '../index';

/** As the global `fetch`: a proxy's, one with client certificates, or a test's. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const fetches = new Map<number, Fetch>();
const underWay = new Map<number, AbortController>();

/** What no answer of a token endpoint is larger than; the core says so of one that is. */
const READ_MAX_BYTES = 1024 * 1024 + 1;

/** Codes of connections that were never made: nothing was sent. */
const NOT_CONNECTED: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Requests of the instance with this number go through `fetch`. */
export function useFetch(keep: number, fetch: Fetch): void {
  fetches.set(keep, fetch);
}

/** The instance has ended. */
export function forgetFetch(keep: number): void {
  fetches.delete(keep);
}

/** Nobody waits for the answer any more. */
export function abortRequest(call: number): void {
  underWay.get(call)?.abort();
}

/** Posts a form as the core tells it: call, instance, URL, body, `Authorization` or null. */
export async function sendRequest(bridge: Bridge, told: unknown[]): Promise<void> {
  const [call, keep, url, body, authorization] = told as [
    number,
    number,
    string,
    string,
    string | null,
  ];
  const controller = new AbortController();
  try {
    const fetch = fetches.get(keep);
    if (!fetch || !bridge.mayFetch(call)) return bridge.fetchThrew(call, false);
    underWay.set(call, controller);
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
        ...(authorization === null ? {} : { authorization }),
      },
      body,
      redirect: 'manual',
      signal: controller.signal,
    });
    const { status, headers } = response;
    const retryAfter = headers.get('retry-after') ?? headers.get('x-retry-after');
    bridge.fetched(call, status, retryAfter, await bytesOf(response));
  } catch (error) {
    bridge.fetchThrew(call, !NOT_CONNECTED.has(codeOf(error)));
  } finally {
    underWay.delete(call);
  }
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  const { body } = response;
  // node-fetch and its like have Node's streams in the place of the web's.
  if (typeof body?.getReader !== 'function') return new Uint8Array(await response.arrayBuffer());
  const chunks: Uint8Array[] = [];
  const reader = body.getReader();
  for (let size = 0; size < READ_MAX_BYTES;) {
    const { done, value } = (await reader.read()) as { done: boolean; value?: Uint8Array };
    if (done || !value) break;
    chunks.push(value);
    size += value.byteLength;
  }
  // Not waited for: of a body that never ends there may be no end either.
  reader.cancel().catch(() => {});
  return new Uint8Array(Buffer.concat(chunks));
}

/** The code of an error, or of its cause, as Node's own fetch has it. */
function codeOf(error: unknown): unknown {
  try {
    const { code, cause } = Object(error);
    return Object(cause).code ?? code;
  } catch {
    // A getter that throws: it is a failure all the same.
    return undefined;
  }
}
