/** A token endpoint for tests, with scripted faults. */

import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { optionalText, optionalTexts, optionsOf } from '../../input/arguments';
import { withoutPrototype, fieldsOf } from '../../input/fields';
import { disposable } from '../disposable';
import { send } from './answer';
import { AUTHORIZATION_PATH, Authorizations, type UserConsent } from './authorization';
import { Families, type IssuedTokens, type TokenFamily } from './families';
import { type Answer, answersOf } from './provider-answers';
import { TokenRequest } from './request';
import { type TokenEndpointScript, type TokenEndpointStep, nextStepOf, expandStep } from './step';

/** The default behaviour, where the script does not change it. */
export interface TokenEndpointOptions {
  /**
   * The built-in provider whose documented answers are given, such as `hubspot`. Default: the answers of RFC 6749,
   * with a scope of Google's.
   */
  provider?: string | undefined;
  /**
   * Whether a refresh returns a new refresh token and invalidates the old one. Default: as `provider` documents it,
   * or else true.
   */
  rotate?: boolean | undefined;
  /** The delay before each response, in milliseconds. Default: 0. */
  delayMs?: number | undefined;
}

/** A running token endpoint. */
export interface TokenEndpoint extends AsyncDisposable {
  /** The value for `googleTokenUrl`, `zohoTokenUrl`, `providers.….tokenUrl`, or their variables. */
  readonly url: string;
  /**
   * The authorization endpoint: it redirects back with a code. The value for `googleAuthorizationUrl`,
   * `providers.….authorizationUrl`, or their variables.
   */
  readonly authorizationUrl: string;
  /** The requests it has received, oldest first. */
  readonly requests: TokenRequest[];
  /**
   * Creates a family, as a user's consent to these scopes does, and returns its tokens. Default: the scopes in the
   * provider's documentation.
   */
  issue(options?: { scopes?: readonly string[] | undefined }): IssuedTokens;
  /** Says how users answer at the authorization endpoint from now on. At first, they grant what is asked for. */
  consent(answer: UserConsent): void;
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
 * Starts a token endpoint on loopback, for codes and refresh tokens (RFC 6749, sections 4.1.3 and 6), and an
 * authorization endpoint without a page. By default, refresh tokens rotate, and the reuse of one revokes its whole
 * family. Codes can be used once, with their redirect URI and code verifier. Clients are not authenticated.
 * @throws {InvalidArgumentError} if no such provider is built in, or a step is none
 */
export async function startTokenEndpoint(
  script: TokenEndpointScript = [],
  options: TokenEndpointOptions = {},
): Promise<TokenEndpoint> {
  const given = optionsOf(options, ['provider', 'rotate', 'delayMs']);
  const name = optionalText('provider', given.provider);
  const provider = name === undefined ? undefined : answersOf(name);
  const { rotate = !provider || provider.refreshToken === 'new', delayMs = 0 } = given;
  let nextStep = nextStepOf(script, provider);
  const authorizations = new Authorizations();
  const families = new Families(authorizations, provider);
  const requests: TokenRequest[] = [];

  async function answer(message: http.IncomingMessage, response: http.ServerResponse) {
    const url = new URL(message.url ?? '/', 'http://127.0.0.1');
    if (message.method === 'GET' && url.pathname === AUTHORIZATION_PATH) {
      return authorizations.answer(url.searchParams, response);
    }
    const body = await text(message).catch(() => undefined);
    // The client closed the connection before its request was complete.
    if (body === undefined) return;
    const request = new TokenRequest(body, message.headers['content-type']);
    requests.push(request);
    const given = (await nextStep(request, requests.length - 1)) ?? {};
    const step = withoutPrototype({ rotate, delayMs, ...expandStep(fieldsOf(given), provider) });
    const usual: Answer = exchanges(step)
      ? families.exchange(request, step.rotate ?? rotate)
      : { status: 200, body: {} };
    if (step.delayMs) await sleep(step.delayMs);
    // Two turns of the event loop: by then, it is known whether the client has closed the connection, and
    // the response to such a client does not finish.
    await turn();
    await turn();
    response.on('finish', () => {
      request.status = response.statusCode;
      request.delivered = Boolean(usual.body['access_token']) && isWhole(step);
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
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return disposable({
    url: `${origin}/token`,
    authorizationUrl: `${origin}${AUTHORIZATION_PATH}`,
    requests,
    issue: (issued: { scopes?: readonly string[] | undefined } = {}) =>
      families.issue(optionalTexts('scopes', optionsOf(issued, ['scopes']).scopes)),
    consent: (answer: UserConsent) => authorizations.consent(answer),
    revoke: (refreshToken: string) => families.revoke(refreshToken),
    isAlive: (refreshToken: string) => families.isAlive(refreshToken),
    familyOf: (refreshToken: string | null) => families.of(refreshToken),
    familyOfAccess: (accessToken: string) => families.ofAccess(accessToken),
    script: (next: TokenEndpointScript) => {
      nextStep = nextStepOf(next, provider);
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
