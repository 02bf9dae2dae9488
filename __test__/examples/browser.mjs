/** What a browser does without a screen: keeps cookies by host, follows redirects, sends forms. */
export class Browser {
  /** @type {Map<string, Map<string, string>>} */
  #jars = new Map();

  /** Opens a page; or finds out where it leads, once that is at `before`. @param {string | URL} link */
  async open(link, { before, ...init } = {}) {
    let url = new URL(link);
    let request = init;
    for (let steps = 0; steps < 10; steps++) {
      const response = await this.#send(url, request);
      const location = response.headers.get('location');
      if (!location) return { url, status: response.status, text: await response.text() };
      url = new URL(location, url);
      if (before && url.href.startsWith(before)) return { url, status: response.status, text: '' };
      request = {};
    }
    throw new Error(`${link} redirects without end`);
  }

  /** Clicks the only link of a page. */
  click({ url, text }, init) {
    const [, href] = /<a href="([^"]+)"/.exec(text) ?? [];
    if (!href) throw new Error(`no link: ${text}`);
    return this.open(new URL(href, url), init);
  }

  /** Presses the button of the only form of a page. */
  press({ url, text }) {
    const [form] = /<form [^>]*>/.exec(text) ?? [];
    const [, action = url.href] = /action="([^"]+)"/.exec(form ?? '') ?? [];
    if (!form?.includes('method="post"')) throw new Error(`no form: ${text}`);
    const headers = { origin: url.origin, 'sec-fetch-site': 'same-origin' };
    const body = new URLSearchParams();
    return this.open(new URL(action, url), { method: 'POST', headers, body });
  }

  async #send(url, init) {
    const jar = this.#jars.get(url.host) ?? new Map();
    this.#jars.set(url.host, jar);
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
    const headers = { accept: 'text/html', ...init.headers, ...(cookie && { cookie }) };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      jar.set(name, value);
    }
    return response;
  }
}
