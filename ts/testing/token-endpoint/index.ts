/** A token endpoint for what a good one does not do. */

import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { record } from '../../input/arguments';
import { bare, fieldsOf } from '../../input/fields';
import { disposable } from '../disposable';
import { send } from './answer';
import { Families, type IssuedTokens, type TokenFamily } from './families';
import { TokenRequest } from './request';
import {
  type TokenEndpointScript,
  type TokenEndpointStep,
  type TokenResponse,
  nextStepOf,
  spelledOut,
} from './step';

/** How an endpoint behaves where its script says nothing. */
export interface TokenEndpointOptions {
  /** Whether a refresh gives a new refresh token and spends the old one: true. */
  rotate?: boolean | undefined;
  /** How long it takes to answer: 0. */
  delayMs?: number | undefined;
}

/** A token endpoint that listens. */
export interface TokenEndpoint extends AsyncDisposable {
  /** For `googleTokenUrl`, `zohoTokenUrl`, `providers.….tokenUrl`, or their variables. */
  readonly url: string;
  /** What it was sent, the oldest first. */
  readonly requests: TokenRequest[];
  /** Starts a new family, as a user's consent does: a pair of tokens to store. */
  issue(): IssuedTokens;
  /** Ends the family of this refresh token, as its user does. */
  revoke(refreshToken: string): void;
  /** Whether it would exchange this refresh token. */
  isAlive(refreshToken: string): boolean;
  /** What became of the family of this refresh token. */
  familyOf(refreshToken: string | null): TokenFamily | undefined;
  /** The family that this access token was given for. */
  familyOfAccess(accessToken: string): TokenFamily | undefined;
  /** Replaces what is left of the script. */
  script(script: TokenEndpointScript): void;
  /** Breaks its connections and listens no more. */
  stop(): Promise<void>;
}

/**
 * Starts a token endpoint (RFC 6749, section 6) on loopback. Left alone, it behaves: refresh tokens
 * rotate, and one that comes back spent ends its whole family. Clients are not authenticated.
 */
export async function startTokenEndpoint(
  script: TokenEndpointScript = [],
  options: TokenEndpointOptions = {},
): Promise<TokenEndpoint> {
  const { rotate = true, delayMs = 0 } = record('options', options) as TokenEndpointOptions;
  let nextStep = nextStepOf(script);
  const families = new Families();
  const requests: TokenRequest[] = [];

  async function answer(message: http.IncomingMessage, response: http.ServerResponse) {
    const body = await text(message).catch(() => undefined);
    // The caller gave up in the middle of its own request: there is nobody to answer.
    if (body === undefined) return;
    const request = new TokenRequest(Object.fromEntries(new URLSearchParams(body)));
    requests.push(request);
    const said = (await nextStep(request, requests.length - 1)) ?? {};
    const step = bare({ rotate, delayMs, ...spelledOut(fieldsOf(said)) });
    const usual: TokenResponse = bare(
      exchanges(step) ? families.exchange(request, step.rotate ?? rotate) : {},
    );
    if (step.delayMs) await sleep(step.delayMs);
    // This turn of the event loop to its end, and a whole one: who has hung up is known by now, and
    // to them no answer finishes.
    await turn();
    await turn();
    response.on('finish', () => {
      request.status = response.statusCode;
      request.delivered = Boolean(usual['access_token']) && isWhole(step);
    });
    await send(response, step, usual);
  }

  const server = http.createServer(async (message, response) => {
    try {
      await answer(message, response);
    } catch (error) {
      // A script that throws: its sender must not wait, and the test must not go on as if it were well.
      response.destroy();
      throw error;
    }
  });
  // A reused connection must not end under a request: only steps break connections.
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  let stopped: Promise<void> | undefined;
  return disposable({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    requests,
    issue: () => families.issue(),
    revoke: (refreshToken: string) => families.revoke(refreshToken),
    isAlive: (refreshToken: string) => families.isAlive(refreshToken),
    familyOf: (refreshToken: string | null) => families.of(refreshToken),
    familyOfAccess: (accessToken: string) => families.ofAccess(accessToken),
    script: (next: TokenEndpointScript) => {
      nextStep = nextStepOf(next);
    },
    stop: () => (stopped ??= close(server)),
  });
}

function exchanges({ status, redirect, drop, hang, exchange }: TokenEndpointStep): boolean {
  if (drop === 'before' || hang === 'before') return false;
  return exchange ?? (status === undefined && redirect === undefined);
}

/** Whether the step leaves the tokens in the answer. */
function isWhole({ status, body, redirect }: TokenEndpointStep): boolean {
  return status === undefined && body === undefined && redirect === undefined;
}

async function close(server: http.Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

async function text(message: http.IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of message.setEncoding('utf8')) body += chunk;
  return body;
}
