/** Scripts of the token endpoint. */

import { record } from '../../input/arguments';
import { fieldsOf } from '../../input/fields';
import { didYouMean } from '../../input/nearest';
import { type ProviderAnswers, errorOf, refusal } from './provider-answers';
import type { TokenRequest } from './request';

/** A token response or an error response (RFC 6749, sections 5.1 and 5.2). */
export type TokenResponse = Readonly<Record<string, unknown>>;

/** How the response to one request differs from the usual one. */
export interface TokenEndpointStep {
  /** The number of requests it applies to. Default: 1. */
  times?: number | undefined;
  /** Responds with 429 and `Retry-After`, in seconds. */
  retryAfter?: number | undefined;
  /** An error response (RFC 6749, section 5.2) with this code; 401 for `invalid_client`, otherwise 400. */
  error?: string | undefined;
  /**
   * An error that the provider of the endpoint documents, by its code, such as `AADSTS50076` or
   * `BAD_REFRESH_TOKEN`, or by its meaning, such as `grant_dead` or `administrator`: then its first one.
   */
  providerError?: string | undefined;
  /** Responds with this status, without exchanging the refresh token; from 300 on with an empty object. */
  status?: number | undefined;
  /** Replaces the body: strings and Buffers are sent as they are, objects as JSON. */
  body?: object | string | ((usual: TokenResponse) => object | string) | undefined;
  /** Additional headers. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Exchanges the refresh token in spite of `status`, so that the new tokens are lost. */
  exchange?: boolean | undefined;
  /** Whether this exchange returns a new refresh token. Default: as the endpoint. */
  rotate?: boolean | undefined;
  /** The delay between exchange and response, in milliseconds. Default: as the endpoint. */
  delayMs?: number | undefined;
  /** Resets the connection before the exchange, or after it, so that the response is lost. */
  drop?: 'before' | 'after' | undefined;
  /** Never responds, before or after the exchange; `true` means after. */
  hang?: 'before' | 'after' | true | undefined;
  /** Closes the connection in the middle of the body. */
  truncate?: boolean | undefined;
  /** Omits `Content-Length`. */
  chunked?: boolean | undefined;
  /** Sends the body byte by byte, with this pause in milliseconds. */
  dribbleMs?: number | undefined;
  /** Redirects to this URL, with 307. */
  redirect?: string | undefined;
}

/** Returns the step for a request, or `undefined` for the usual response. */
export type NextStep = (
  request: TokenRequest,
  index: number,
) => TokenEndpointStep | undefined | Promise<TokenEndpointStep | undefined>;

/** Steps for successive requests, or a function that returns the step for each. */
export type TokenEndpointScript = readonly TokenEndpointStep[] | NextStep;

/** What each field must be: a type, or one of some values. */
const FIELDS: Readonly<Record<keyof TokenEndpointStep, string | readonly unknown[]>> = {
  times: 'number',
  retryAfter: 'number',
  error: 'string',
  providerError: 'string',
  status: 'number',
  body: 'any',
  headers: 'object',
  exchange: 'boolean',
  rotate: 'boolean',
  delayMs: 'number',
  drop: ['before', 'after'],
  hang: ['before', 'after', true],
  truncate: 'boolean',
  chunked: 'boolean',
  dribbleMs: 'number',
  redirect: 'string',
};

/** A script as a function. Rejects unknown fields and values, which would otherwise be ignored. */
export function nextStepOf(
  script: TokenEndpointScript,
  provider: ProviderAnswers | undefined,
): NextStep {
  if (typeof script === 'function') return script;
  if (!Array.isArray(script)) {
    const reason = 'must be an array of steps, or a function that returns one';
    throw refusal('script', `${reason}; options are the second argument`);
  }
  script.forEach((step: unknown, index) => {
    const at = `script[${index}]`;
    const fields = record(at, step);
    for (const name of Object.keys(fields)) checkField(`${at}.${name}`, name, fields[name]);
    const { providerError } = fields as TokenEndpointStep;
    if (providerError !== undefined) errorOf(`${at}.providerError`, providerError, provider);
  });
  const queue = (script as readonly TokenEndpointStep[]).flatMap((given) => {
    const { times = 1, ...step } = fieldsOf(given);
    return Array<TokenEndpointStep>(times).fill(step);
  });
  return () => queue.shift();
}

/** Refuses a field that no step has, or a value that its field cannot have. */
function checkField(argument: string, name: string, value: unknown): void {
  if (!Object.hasOwn(FIELDS, name)) {
    throw refusal(argument, `unknown field${didYouMean(name, Object.keys(FIELDS))}`);
  }
  const wanted = FIELDS[name as keyof TokenEndpointStep];
  if (value === undefined || wanted === 'any') return;
  if (typeof wanted !== 'string') {
    const told = wanted.map((one) => (typeof one === 'string' ? `'${one}'` : `${one}`));
    if (!wanted.includes(value)) throw refusal(argument, `must be ${told.join(' or ')}`);
  } else if (typeof value !== wanted) {
    throw refusal(argument, `must be ${wanted === 'object' ? 'an' : 'a'} ${wanted}`);
  }
}

/** Replaces `retryAfter`, `error` and `providerError` by `status`, `headers` and `body`. */
export function expandStep(
  { retryAfter, error, providerError, ...step }: TokenEndpointStep,
  provider: ProviderAnswers | undefined,
): Omit<TokenEndpointStep, 'retryAfter' | 'error' | 'providerError'> {
  if (retryAfter !== undefined) {
    return { status: 429, ...step, headers: { 'retry-after': `${retryAfter}`, ...step.headers } };
  }
  if (providerError !== undefined) {
    const { status, body } = errorOf('providerError', providerError, provider);
    return { status, body, ...step };
  }
  if (error === undefined) return step;
  return { status: error === 'invalid_client' ? 401 : 400, body: { error }, ...step };
}
