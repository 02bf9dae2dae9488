/** A browser without a screen: cookies, redirects, and what a browser says of a request's origin. */

export interface Visit {
  url: URL;
  status: number;
  headers: Headers;
  text: string;
}

export class Visitor {
  /** By origin. */
  readonly #cookies = new Map<string, Map<string, string>>();

  /** What it has kept for an origin. */
  cookie(origin: string, name: string): string | undefined {
    return this.#cookies.get(origin)?.get(name);
  }

  /** One request; redirects are not followed. */
  async request(link: string | URL, init: RequestInit = {}): Promise<Visit> {
    const url = new URL(link);
    const jar = this.#cookies.get(url.origin) ?? new Map<string, string>();
    this.#cookies.set(url.origin, jar);
    const headers = new Headers(init.headers);
    if (jar.size > 0 && !headers.has('cookie')) {
      headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
    }
    if (!headers.has('accept')) headers.set('accept', 'text/html');
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      jar.set(name, value);
    }
    return { url, status: response.status, headers: response.headers, text: await response.text() };
  }

  /** Follows redirects until there is a page, or until the next one would be at `before`. */
  async open(link: string | URL, { before }: { before?: string | undefined } = {}): Promise<Visit> {
    return this.#follow(await this.request(link), before);
  }

  /** Presses the only button of a page, and follows where that leads. */
  async press(page: Visit, { before }: { before?: string | undefined } = {}): Promise<Visit> {
    if (!page.text.includes('<form method="post">')) throw new Error(`no form: ${page.text}`);
    const headers = {
      origin: new URL(page.url).origin,
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/x-www-form-urlencoded',
    };
    return this.#follow(await this.request(page.url, { method: 'POST', headers }), before);
  }

  async #follow(first: Visit, before: string | undefined): Promise<Visit> {
    let visit = first;
    for (let steps = 0; steps < 10; steps++) {
      const location = visit.headers.get('location');
      if (!location) return visit;
      const next = new URL(location, visit.url);
      if (before && next.href.startsWith(before)) return { ...visit, url: next };
      visit = await this.request(next);
    }
    throw new Error('redirects without end');
  }
}
