/** The authorization endpoint (RFC 6749, section 4.1), at which a user answers without a page. */

import { createHash, randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { optionalText, optionalTexts, optionsOf } from '../../input/arguments';
import type { TokenRequest } from './request';

/** How users answer the consent screen. */
export interface UserConsent {
  /** The scopes that they grant. Default: those that are asked for. */
  scopes?: readonly string[] | undefined;
  /** They go back with this error instead, such as `access_denied` (RFC 6749, section 4.1.2.1). */
  error?: string | undefined;
  /** Which account they choose: the subject of the ID token, for which `openid` is asked. Default: `ada`. */
  subject?: string | undefined;
}

/** What a code is exchanged for. */
export interface Consented {
  readonly scopes: readonly string[] | undefined;
  /** Who has agreed; `undefined`: no ID token is asked for. */
  readonly subject: string | undefined;
  readonly clientId: string;
}

/** An issued code. */
interface Code extends Consented {
  readonly redirectUri: string;
  /** The code challenge and its method (RFC 7636); `undefined`: none. */
  readonly challenge: string | undefined;
  readonly method: string;
}

/** The path of the authorization endpoint. */
export const AUTHORIZATION_PATH = '/authorize';

/** Issues codes. */
export class Authorizations {
  readonly #codes = new Map<string, Code>();
  #consent: UserConsent = {};

  /** Says how users answer from now on. */
  consent(given: UserConsent): void {
    const { scopes, error, subject } = optionsOf(given, ['scopes', 'error', 'subject']);
    this.#consent = {
      scopes: optionalTexts('scopes', scopes),
      error: optionalText('error', error),
      subject: optionalText('subject', subject),
    };
  }

  /** Redirects the browser back with a code, or an error. */
  answer(parameters: URLSearchParams, response: ServerResponse): void {
    const back = this.#back(parameters);
    if (back) response.writeHead(302, { location: back, 'cache-control': 'no-store' }).end();
    else response.writeHead(400, { 'content-type': 'text/plain' }).end('invalid_request');
  }

  /** Where the browser is sent; `undefined`: the request names no place, or asks for no code. */
  #back(parameters: URLSearchParams): string | undefined {
    const redirectUri = parameters.get('redirect_uri') ?? '';
    if (!URL.canParse(redirectUri) || parameters.get('response_type') !== 'code') return undefined;
    const back = new URL(redirectUri);
    const { error } = this.#consent;
    if (error === undefined) back.searchParams.set('code', this.#issue(parameters, redirectUri));
    else back.searchParams.set('error', error);
    const state = parameters.get('state');
    if (state !== null) back.searchParams.set('state', state);
    return back.href;
  }

  #issue(parameters: URLSearchParams, redirectUri: string): string {
    const code = `code-${randomBytes(24).toString('base64url')}`;
    // Providers separate scopes by spaces, or by commas.
    const asked = (parameters.get('scope') ?? '').split(/[ ,]+/).filter(Boolean);
    const { scopes = asked.length > 0 ? asked : undefined, subject = 'ada' } = this.#consent;
    this.#codes.set(code, {
      scopes,
      subject: scopes?.includes('openid') ? subject : undefined,
      clientId: parameters.get('client_id') ?? '',
      redirectUri,
      challenge: parameters.get('code_challenge') ?? undefined,
      method: parameters.get('code_challenge_method') ?? 'plain',
    });
    return code;
  }

  /**
   * What the code of a request is exchanged for; `undefined`: it is unknown, was used, or belongs to another
   * redirect URI or code verifier. It counts as used in any case.
   */
  redeem({ form }: TokenRequest): Consented | undefined {
    const name = form['code'] ?? '';
    const code = this.#codes.get(name);
    this.#codes.delete(name);
    const isOurs = code && code.redirectUri === form['redirect_uri'];
    return isOurs && isVerified(code, form['code_verifier']) ? code : undefined;
  }
}

/** Whether the code verifier is that of the challenge (RFC 7636, section 4.6). */
function isVerified({ challenge, method }: Code, verifier: string | undefined): boolean {
  if (challenge === undefined || verifier === undefined) return challenge === verifier;
  if (method !== 'S256') return challenge === verifier;
  return challenge === createHash('sha256').update(verifier).digest('base64url');
}
