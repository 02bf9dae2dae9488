/** Sends the response to a token request. */

import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { reset } from './reset';
import type { Answer } from './provider-answers';
import type { TokenEndpointStep } from './step';

/** Sends the usual response, modified by the step. */
export async function send(
  response: ServerResponse,
  step: TokenEndpointStep,
  usual: Answer,
): Promise<void> {
  if (step.hang) return;
  if (step.drop) {
    if (response.socket) reset(response.socket);
    return;
  }
  const body = Buffer.from(bodyOf(step, usual));
  response.writeHead(statusOf(step, usual), {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...(!step.chunked && { 'content-length': body.length }),
    ...(step.redirect && { location: step.redirect }),
    ...step.headers,
  });
  if (step.truncate) {
    response.write(body.subarray(0, body.length / 2), () => response.socket?.destroy());
    return;
  }
  if (step.dribbleMs) return dribble(response, body, step.dribbleMs);
  response.end(body);
}

function statusOf({ status, redirect }: TokenEndpointStep, usual: Answer): number {
  if (status !== undefined) return status;
  if (redirect !== undefined) return 307;
  return usual.status;
}

function bodyOf(step: TokenEndpointStep, usual: Answer): string | Buffer {
  const { body = (step.status ?? 0) >= 300 ? {} : usual.body } = step;
  const content: unknown = typeof body === 'function' ? body(usual.body) : body;
  const isRaw = typeof content === 'string' || Buffer.isBuffer(content);
  return isRaw ? content : JSON.stringify(content);
}

async function dribble(response: ServerResponse, body: Buffer, pause: number): Promise<void> {
  for (const byte of body) {
    if (response.destroyed) return;
    response.write(Buffer.of(byte));
    await sleep(pause);
  }
  response.end();
}
