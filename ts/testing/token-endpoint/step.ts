/** What a script says. */

import { record } from '../../input/arguments';
import { InvalidArgumentError } from '../../errors/errors';
import { fieldsOf } from '../../input/fields';
import type { TokenRequest } from './request';

/** A token response or an error response (RFC 6749, sections 5.1 and 5.2). */
export type TokenResponse = Readonly<Record<string, unknown>>;

/** What one answer does differently. What is left out is as usual. */
export interface TokenEndpointStep {
  /** How many requests it is for: 1. */
  times?: number | undefined;
  /** Throttles: 429 with `Retry-After`, in seconds. */
  retryAfter?: number | undefined;
  /** An error response (RFC 6749, section 5.2) with this code: 401 of `invalid_client`, else 400. */
  error?: string | undefined;
  /** Answered instead of exchanging the refresh token; from 300 on with an empty object. */
  status?: number | undefined;
  /** Instead of the usual body: texts and Buffers are sent as they are, objects as JSON. */
  body?: object | string | ((usual: TokenResponse) => object | string) | undefined;
  /** Beside the usual ones. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Exchanges although there is a `status`: the refresh token is spent, and nobody is told. */
  exchange?: boolean | undefined;
  /** Whether this exchange gives a new refresh token: as the endpoint does. */
  rotate?: boolean | undefined;
  /** Between the exchange and the answer: as the endpoint does. */
  delayMs?: number | undefined;
  /** Resets the connection before the exchange, or after it: then the answer is lost. */
  drop?: 'before' | 'after' | undefined;
  /** Never answers; `true` is after the exchange. */
  hang?: 'before' | 'after' | true | undefined;
  /** Closes the connection in the middle of the body. */
  truncate?: boolean | undefined;
  /** Does not say how long the body is. */
  chunked?: boolean | undefined;
  /** Sends the body byte by byte, with this pause. */
  dribbleMs?: number | undefined;
  /** Redirects there, with 307. */
  redirect?: string | undefined;
}

/** The step for a request, or nothing: then it is answered as usual. */
export type NextStep = (
  request: TokenRequest,
  index: number,
) => TokenEndpointStep | undefined | Promise<TokenEndpointStep | undefined>;

/** One step after the other, each for the next request; or a function that decides. */
export type TokenEndpointScript = readonly TokenEndpointStep[] | NextStep;

const FIELDS: Readonly<Record<keyof TokenEndpointStep, true>> = {
  times: true,
  retryAfter: true,
  error: true,
  status: true,
  body: true,
  headers: true,
  exchange: true,
  rotate: true,
  delayMs: true,
  drop: true,
  hang: true,
  truncate: true,
  chunked: true,
  dribbleMs: true,
  redirect: true,
};

/** A script as a function. A field that is misspelt would go unnoticed, and a test with it. */
export function nextStepOf(script: TokenEndpointScript): NextStep {
  if (typeof script === 'function') return script;
  if (!Array.isArray(script)) {
    throw refusal('script', 'must be an array of steps, or a function that gives one');
  }
  script.forEach((step: unknown, index) => {
    for (const name of Object.keys(record(`script[${index}]`, step))) {
      if (!Object.hasOwn(FIELDS, name)) throw refusal(`script[${index}].${name}`, 'is no field');
    }
  });
  const queue = (script as readonly TokenEndpointStep[]).flatMap((given) => {
    const { times = 1, ...step } = fieldsOf(given);
    return Array<TokenEndpointStep>(times).fill(step);
  });
  return () => queue.shift();
}

function refusal(argument: string, reason: string): InvalidArgumentError {
  return new InvalidArgumentError(`${argument}: ${reason}`, { argument });
}

/** Says in `status`, `headers` and `body` what the shorter fields stand for. */
export function spelledOut({
  retryAfter,
  error,
  ...step
}: TokenEndpointStep): Omit<TokenEndpointStep, 'retryAfter' | 'error'> {
  if (retryAfter !== undefined) {
    return { status: 429, ...step, headers: { 'retry-after': `${retryAfter}`, ...step.headers } };
  }
  if (error === undefined) return step;
  return { status: error === 'invalid_client' ? 401 : 400, body: { error }, ...step };
}
