import { once } from 'node:events';
import http from 'node:http';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

import { send } from './token-endpoint/answer.mjs';
import { Families } from './token-endpoint/families.mjs';

/**
 * What the next answer does differently. Without `status`, `redirect`, `drop: 'before'` or
 * `hang: 'before'` the refresh token is exchanged as usual, and only the answer is changed.
 *
 * @typedef {object} Step
 * @property {number} [times] how many requests it is for: 1 unless told
 * @property {number} [status] answered instead of exchanging; from 300 on with an empty object
 * @property {object | string | ((usual: object) => object | string)} [body] texts and Buffers are
 *   sent as they are
 * @property {Record<string, string>} [headers]
 * @property {boolean} [exchange] exchanges although there is a `status`: spent, and nobody told
 * @property {boolean} [rotate] overrides the endpoint's
 * @property {number} [delayMs] between the exchange and the answer; overrides the endpoint's
 * @property {'before' | 'after'} [drop] resets the connection before or after the exchange
 * @property {'before' | 'after' | true} [hang] never answers; true is after the exchange
 * @property {boolean} [truncate] closes the connection in the middle of the body
 * @property {boolean} [chunked] does not say how long the body is
 * @property {number} [dribbleMs] sends the body byte by byte, with this pause
 * @property {string} [redirect] where to
 *
 * @typedef {object} Request
 * @property {string | null} refreshToken
 * @property {Record<string, string>} form
 * @property {number} at milliseconds since the epoch
 * @property {number | undefined} status of the answer; undefined while, or if, there is none
 * @property {boolean} delivered whether the tokens that it was exchanged for reached its sender, as
 *   far as a server can know
 */

/**
 * A token endpoint for what a good one does not do. Left alone, it behaves: refresh tokens rotate,
 * and one that comes back spent ends its whole family.
 *
 * @param {{ rotate?: boolean, delayMs?: number }} [options]
 */
export async function startTokenEndpoint({ rotate = true, delayMs = 0 } = {}) {
  const families = new Families();
  /** @type {Request[]} */
  const requests = [];
  /** @type {(request: Request, index: number) => Step | undefined | Promise<Step | undefined>} */
  let nextStep = () => undefined;

  const server = http.createServer(async (message, response) => {
    const body = await text(message).catch(() => undefined);
    // The caller gave up in the middle of its own request: there is nobody to answer.
    if (body === undefined) return;
    const form = Object.fromEntries(new URLSearchParams(body));
    const refreshToken = form.refresh_token ?? null;
    const request = { refreshToken, form, at: Date.now(), status: undefined, delivered: false };
    requests.push(request);
    const step = { rotate, delayMs, ...(await nextStep(request, requests.length - 1)) };
    const usual = exchanges(step) ? families.exchange(request, step.rotate) : {};
    if (step.delayMs) await sleep(step.delayMs);
    // This turn of the event loop to its end, and a whole one: who has hung up is known by now, and
    // to them no answer finishes.
    await turn();
    await turn();
    response.on('finish', () => {
      request.status = response.statusCode;
      request.delivered = Boolean(usual.access_token) && isWhole(step);
    });
    await send(response, step, usual);
  });
  // A reused connection must not end under a request: only steps break connections.
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${server.address().port}/token`,
    requests,
    /** Starts a new family, as a code exchange does. */
    issue: () => families.issue(),
    /** Whether the endpoint would exchange this refresh token. @param {string} refreshToken */
    isAlive: (refreshToken) => families.isAlive(refreshToken),
    /** What became of the family of this refresh token. @param {string | null} refreshToken */
    familyOf: (refreshToken) => families.of(refreshToken),
    /** The family that this access token was given for. @param {string} accessToken */
    familyOfAccess: (accessToken) => families.ofAccess(accessToken),
    /** Ends the family of this refresh token, as its user does. @param {string} refreshToken */
    revoke: (refreshToken) => families.revoke(refreshToken),
    /** @param {Step[] | typeof nextStep} steps replaces what is left of earlier ones */
    script: (steps) => {
      nextStep = typeof steps === 'function' ? steps : stepper(steps);
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function exchanges({ status, redirect, drop, hang, exchange }) {
  if (drop === 'before' || hang === 'before') return false;
  return exchange ?? (status === undefined && redirect === undefined);
}

/** Whether the step leaves the tokens in the answer. */
function isWhole({ status, body, redirect }) {
  return status === undefined && body === undefined && redirect === undefined;
}

function stepper(steps) {
  const queue = steps.flatMap(({ times = 1, ...step }) => Array(times).fill(step));
  return () => queue.shift();
}

async function text(message) {
  let body = '';
  for await (const chunk of message.setEncoding('utf8')) body += chunk;
  return body;
}
