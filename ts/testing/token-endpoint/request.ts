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
  constructor(body: string, contentType: string | undefined) {
    this.#form = contentType?.includes('json') ? ofJson(body) : ofForm(body);
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

function ofForm(body: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(body));
}

/** Some providers take JSON. What is none has no parameters. */
function ofJson(body: string): Record<string, string> {
  try {
    const entries = Object.entries(Object(JSON.parse(body)) as object);
    return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
  } catch {
    return {};
  }
}
