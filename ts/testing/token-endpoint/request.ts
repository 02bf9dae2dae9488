/** A request to the token endpoint. */

/** One request. Its secrets are private fields, which loggers and assertions do not print. */
export class TokenRequest {
  /** When it was received, in milliseconds since 1970. */
  readonly at = Date.now();
  /** The status of the response; `undefined` if there is none (yet). */
  status: number | undefined;
  /** Whether the tokens reached the client, as far as a server can know. */
  delivered = false;

  readonly #form: Record<string, string>;

  /** @internal */
  constructor(form: Record<string, string>) {
    this.#form = form;
  }

  /** All parameters, including the client secret. */
  get form(): Record<string, string> {
    return this.#form;
  }

  /** The parameter `grant_type`. */
  get grantType(): string | null {
    return this.#form['grant_type'] ?? null;
  }

  /** The parameter `refresh_token`. */
  get refreshToken(): string | null {
    return this.#form['refresh_token'] ?? null;
  }
}
