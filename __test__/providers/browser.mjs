/** What a browser does at sign-in and consent, without one: cookies, redirects, and forms. */

/**
 * @typedef {object} Page
 * @property {string} url
 * @property {number} status
 * @property {string} html
 *
 * @typedef {object} Form
 * @property {string} action
 * @property {Record<string, string>} fields with the values that the page gives them
 * @property {{ name: string, value: string }[]} buttons those with a name
 */

const REDIRECTS_MAX = 15;

/** One user's browser. */
export class Browser {
  #cookies = new Map();
  #end;

  /** @param {string} end where the URL of the application begins, to which nothing is sent */
  constructor(end) {
    this.#end = end;
  }

  /**
   * Follows redirects.
   *
   * @param {string} url
   * @param {RequestInit} [init] of the first request
   * @returns {Promise<Page>} the page, or only the URL of the application
   */
  async open(url, init = {}) {
    let next = url;
    let request = init;
    for (let count = 0; count < REDIRECTS_MAX; count += 1) {
      if (next.startsWith(this.#end)) return { url: next, status: 0, html: '' };
      const response = await this.fetch(next, request);
      const location = response.headers.get('location');
      if (!location) return { url: next, status: response.status, html: await response.text() };
      await response.body?.cancel();
      next = new URL(location, next).href;
      // What a form has sent is not sent again.
      request = {};
    }
    throw new Error(`${new URL(url).pathname} redirects endlessly`);
  }

  /** One request, with the cookies. @param {string} url @param {RequestInit} [init] */
  async fetch(url, init = {}) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { accept: 'text/html', ...init.headers, ...(cookie ? { cookie } : {}) };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [pair] = line.split(';');
      const [name] = pair.split('=', 1);
      const value = pair.slice(name.length + 1);
      if (value && !/max-age=0/i.test(line)) this.#cookies.set(name, value);
      else this.#cookies.delete(name);
    }
    return response;
  }

  /**
   * Fills in a form of a page and sends it.
   *
   * @param {Page} page
   * @param {Record<string, string>} values in addition to those that the page gives
   * @param {(form: Form) => boolean} [isMeant] which form; by default the first that posts
   */
  submit(page, values, isMeant = () => true) {
    const form = formsOf(page).find(isMeant);
    if (!form) throw new Error(`No such form: ${page.status} ${page.url}\n${page.html}`);
    const body = new URLSearchParams({ ...form.fields, ...values });
    const headers = { origin: new URL(page.url).origin, referer: page.url };
    return this.open(form.action, { method: 'POST', body, headers });
  }
}

/** The forms of a page that post. @param {Page} page @returns {Form[]} */
export function formsOf({ url, html }) {
  const forms = html.match(/<form[^]*?<\/form>/gi) ?? [];
  return forms
    .map((form) => ({ form, tag: attributesOf(/<form[^>]*>/i.exec(form)[0]) }))
    .filter(({ tag }) => tag.method?.toLowerCase() === 'post')
    .map(({ form, tag }) => ({
      action: new URL(tag.action || url, url).href,
      fields: fieldsOf(form),
      buttons: (form.match(/<button[^>]*>/gi) ?? []).map(attributesOf).filter(({ name }) => name),
    }));
}

function fieldsOf(form) {
  const inputs = (form.match(/<input[^>]*>/gi) ?? []).map(attributesOf);
  const sent = inputs.filter(({ name, type = 'text', checked }) => {
    const isChoice = type === 'checkbox' || type === 'radio';
    return name && type !== 'submit' && (!isChoice || checked !== undefined);
  });
  return Object.fromEntries(sent.map(({ name, value = '' }) => [name, value]));
}

/** @param {string} tag @returns {Record<string, string>} */
function attributesOf(tag) {
  const found = tag.matchAll(/([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?/g);
  return Object.fromEntries(
    [...found].map(([, name, ...values]) => [
      name.toLowerCase(),
      unescaped(values.find((value) => value !== undefined) ?? ''),
    ]),
  );
}

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text) {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name) return ENTITIES[name.toLowerCase()] ?? whole;
    return String.fromCodePoint(hex ? parseInt(hex, 16) : Number(decimal));
  });
}
