/** `tokenkeep serve` as a real process, with Google's place taken. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { TokenKeepOptions } from '../../dist/index.js';
import { SECRET } from './scene';

/** The command `tokenkeep`. */
export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

export class Served {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;

  constructor(env: NodeJS.ProcessEnv, args: string[] = []) {
    this.#child = spawn(process.execPath, [MAIN, 'serve', ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout!.setEncoding('utf8').on('data', (text) => (this.stdout += text));
    this.#child.stderr!.setEncoding('utf8').on('data', (text) => (this.stderr += text));
  }

  /** Waits until it says where it listens. */
  async listening(): Promise<string> {
    while (!this.stdout.includes('\n')) {
      await Promise.race([once(this.#child.stdout!, 'data'), once(this.#child, 'close')]);
      if (this.#child.exitCode !== null) throw new Error(this.stderr);
    }
    return this.stdout.trim();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Its exit code, when it has ended. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      await once(this.#child, 'close');
    }
    return this.#child.exitCode;
  }
}

/** The variables that say what these options say. */
export function variables(options: TokenKeepOptions): Record<string, string> {
  return Object.fromEntries(
    Object.entries({
      DATABASE_URL: options.databaseUrl,
      TOKENKEEP_KEY: options.tokenkeepKey,
      TOKENKEEP_CONNECT_SECRET: SECRET,
      GOOGLE_CLIENT_ID: options.googleClientId,
      GOOGLE_CLIENT_SECRET: options.googleClientSecret,
      GOOGLE_OAUTH_REDIRECT_URI: options.googleOauthRedirectUri,
      TOKENKEEP_GOOGLE_AUTHORIZATION_URL: options.googleAuthorizationUrl,
      TOKENKEEP_GOOGLE_TOKEN_URL: options.googleTokenUrl,
      TOKENKEEP_GOOGLE_REVOCATION_URL: options.googleRevocationUrl,
      TOKENKEEP_GOOGLE_ISSUER: options.googleIssuer,
    }).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}
