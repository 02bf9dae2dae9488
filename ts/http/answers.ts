/** Answers: a page for a person, JSON for a program. */

import { fieldsOf } from '../input/fields';
import { type Page, contentSecurityPolicy, html } from './pages';
import { type PageText, type Reason, type Texts, reasonText } from './texts';

const HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** Whether a program asks: JSON before HTML, or no HTML at all. */
export function wantsJson(request: Request): boolean {
  const accept = request.headers.get('accept') ?? '';
  const [json, page] = [accept.indexOf('application/json'), accept.indexOf('text/html')];
  return json !== -1 && (page === -1 || json < page);
}

export function json(body: object, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...HEADERS, ...headers },
  });
}

/** A page; a form in it may lead on to `formTarget`. */
export function page(content: Page, status = 200, formTarget?: string): Response {
  return new Response(html(content), {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy(formTarget),
      ...HEADERS,
      // With no-referrer its own form would say `Origin: null`, as any page can.
      ...(formTarget === undefined ? {} : { 'referrer-policy': 'same-origin' }),
    },
  });
}

/** Sends the browser on, with a GET. */
export function redirect(location: string, headers: Record<string, string> = {}): Response {
  return new Response(null, { status: 303, headers: { location, ...HEADERS, ...headers } });
}

interface Failed {
  status?: number;
  /** Where to begin again. */
  tryAgain?: string | undefined;
  /** What it was that failed: connecting. */
  title?: PageText;
}

/** A page, or JSON, that says why; with a link to begin again where that makes sense. */
export function failed(request: Request, texts: Texts, reason: Reason, how: Failed = {}): Response {
  const { status = 400, tryAgain, title = texts.failed } = fieldsOf(how);
  if (wantsJson(request)) return json({ error: reason, detail: texts.reasons[reason] }, status);
  const text = reasonText(texts, reason, tryAgain !== undefined);
  const link = tryAgain === undefined ? {} : { link: { href: tryAgain, text: texts.tryAgain } };
  const { heading, text: remark } = title;
  const content = {
    heading,
    title: `${heading}. ${remark}`,
    text,
    sign: 'failed',
    ...link,
  } as const;
  return page({ lang: texts.lang, ...content }, status);
}

/** Only these methods. */
export function methodNotAllowed(allow: string): Response {
  return json({ detail: 'Method Not Allowed' }, 405, { allow });
}
