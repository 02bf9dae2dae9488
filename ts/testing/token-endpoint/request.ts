/** What a token endpoint was sent. */

/** One request. What is secret in it is not printed, neither by a logger nor by a failed assertion. */
export class TokenRequest {
  /** When it came, in milliseconds since 1970. */
  readonly at = Date.now();
  /** Of the answer; `undefined` while, or if, there is none. */
  status: number | undefined;
  /** Whether the tokens of the exchange reached the sender, as far as a server can know. */
  delivered = false;

  readonly #form: Record<string, string>;

  /** @internal */
  constructor(form: Record<string, string>) {
    this.#form = form;
  }

  /** Every parameter that was sent: the client's secret, too. */
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
