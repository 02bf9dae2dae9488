/** A token endpoint for tests, with scripted faults. */

import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { optionsOf } from '../../input/arguments';
import { withoutPrototype, fieldsOf } from '../../input/fields';
import { disposable } from '../disposable';
import { send } from './answer';
import { Families, type IssuedTokens, type TokenFamily } from './families';
import { TokenRequest } from './request';
import {
  type TokenEndpointScript,
  type TokenEndpointStep,
  type TokenResponse,
  nextStepOf,
  expandStep,
} from './step';

/** The default behaviour, where the script does not change it. */
export interface TokenEndpointOptions {
  /** Whether a refresh returns a new refresh token and invalidates the old one. Default: true. */
  rotate?: boolean | undefined;
  /** The delay before each response, in milliseconds. Default: 0. */
  delayMs?: number | undefined;
}

/** A running token endpoint. */
export interface TokenEndpoint extends AsyncDisposable {
  /** The value for `googleTokenUrl`, `zohoTokenUrl`, `providers.….tokenUrl`, or their variables. */
  readonly url: string;
  /** The requests it has received, oldest first. */
  readonly requests: TokenRequest[];
  /** Creates a family, as a user's consent does, and returns its tokens. */
  issue(): IssuedTokens;
  /** Revokes the family of this refresh token, as its user can. */
  revoke(refreshToken: string): void;
  /** Returns whether this refresh token is valid. */
  isAlive(refreshToken: string): boolean;
  /** The family of this refresh token. */
  familyOf(refreshToken: string | null): TokenFamily | undefined;
  /** The family of this access token. */
  familyOfAccess(accessToken: string): TokenFamily | undefined;
  /** Replaces the rest of the script. */
  script(script: TokenEndpointScript): void;
  /** Closes its connections and stops listening. */
  stop(): Promise<void>;
}

/**
 * Starts a token endpoint (RFC 6749, section 6) on loopback. By default, refresh tokens rotate, and the reuse
 * of one revokes its whole family. Clients are not authenticated.
 */
export async function startTokenEndpoint(
  script: TokenEndpointScript = [],
  options: TokenEndpointOptions = {},
): Promise<TokenEndpoint> {
  const { rotate = true, delayMs = 0 } = optionsOf(options, ['rotate', 'delayMs']);
  let nextStep = nextStepOf(script);
  const families = new Families();
  const requests: TokenRequest[] = [];

  async function answer(message: http.IncomingMessage, response: http.ServerResponse) {
    const body = await text(message).catch(() => undefined);
    // The client closed the connection before its request was complete.
    if (body === undefined) return;
    const request = new TokenRequest(Object.fromEntries(new URLSearchParams(body)));
    requests.push(request);
    const given = (await nextStep(request, requests.length - 1)) ?? {};
    const step = withoutPrototype({ rotate, delayMs, ...expandStep(fieldsOf(given)) });
    const usual: TokenResponse = withoutPrototype(
      exchanges(step) ? families.exchange(request, step.rotate ?? rotate) : {},
    );
    if (step.delayMs) await sleep(step.delayMs);
    // Two turns of the event loop: by then, it is known whether the client has closed the connection, and
    // the response to such a client does not finish.
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
      // The script has thrown: close the connection, and let the test fail.
      response.destroy();
      throw error;
    }
  });
  // Only steps may close connections, not the server's keep-alive timeout.
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

/** Whether the response contains the tokens. */
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
