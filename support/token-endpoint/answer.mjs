import { setTimeout as sleep } from 'node:timers/promises';

import { reset } from '../reset.mjs';

/**
 * Sends the usual answer, or what the step makes of it.
 *
 * @param {import('node:http').ServerResponse} response
 * @param {import('../token-endpoint.mjs').Step} step
 * @param {object} usual
 */
export async function send(response, step, usual) {
  if (step.hang) return;
  if (step.drop) return void (response.socket && reset(response.socket));

  const body = Buffer.from(bodyOf(step, usual));
  response.writeHead(statusOf(step, usual), {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...(!step.chunked && { 'content-length': body.length }),
    ...(step.redirect && { location: step.redirect }),
    ...step.headers,
  });
  if (step.truncate) {
    const half = body.subarray(0, body.length / 2);
    return void response.write(half, () => response.socket?.destroy());
  }
  if (step.dribbleMs) return dribble(response, body, step.dribbleMs);
  response.end(body);
}

function statusOf({ status, redirect }, usual) {
  if (status !== undefined) return status;
  if (redirect !== undefined) return 307;
  return usual.error ? 400 : 200;
}

function bodyOf(step, usual) {
  const { body = step.status >= 300 ? {} : usual } = step;
  const content = typeof body === 'function' ? body(usual) : body;
  const isRaw = typeof content === 'string' || Buffer.isBuffer(content);
  return isRaw ? content : JSON.stringify(content);
}

async function dribble(response, body, pause) {
  for (const byte of body) {
    if (response.destroyed) return;
    response.write(Buffer.of(byte));
    await sleep(pause);
  }
  response.end();
}
