/** Responses: HTML pages for browsers, JSON for programs. */

import { fieldsOf } from '../input/fields';
import { type Page, contentSecurityPolicy, html } from './pages';
import { type PageText, type Reason, type Texts, reasonText } from './texts';

const HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** Whether the `Accept` header names JSON, and not HTML before it. */
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

/** An HTML page. Its form may redirect to `formTargets`, sources of a content security policy. */
export function page(content: Page, status = 200, formTargets?: string): Response {
  return new Response(html(content), {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy(formTargets),
      ...HEADERS,
      // With no-referrer, the browser would send `Origin: null` with the form.
      ...(formTargets === undefined ? {} : { 'referrer-policy': 'same-origin' }),
    },
  });
}

/** Redirects the browser, which sends a GET. */
export function redirect(location: string, headers: Record<string, string> = {}): Response {
  return new Response(null, { status: 303, headers: { location, ...HEADERS, ...headers } });
}

interface ErrorResponseOptions {
  /** Default: 400. */
  status?: number;
  /** The path of the link that starts again; no link if absent. */
  tryAgain?: string | undefined;
  /** Default: the title for a failed connection. */
  title?: PageText;
}

/** An error as a page or as JSON. */
export function errorResponse(
  request: Request,
  texts: Texts,
  reason: Reason,
  options: ErrorResponseOptions = {},
): Response {
  const { status = 400, tryAgain, title = texts.failed } = fieldsOf(options);
  if (wantsJson(request)) return json({ error: reason, detail: texts.reasons[reason] }, status);
  const text = reasonText(texts, reason, tryAgain !== undefined);
  const link = tryAgain === undefined ? {} : { link: { href: tryAgain, text: texts.tryAgain } };
  const { heading, text: advice } = title;
  const content = {
    heading,
    title: `${heading}. ${advice}`,
    text,
    icon: 'failed',
    ...link,
  } as const;
  return page({ lang: texts.lang, ...content }, status);
}

/** A 405 response that names the allowed methods. */
export function methodNotAllowed(allow: string): Response {
  return json({ detail: 'Method Not Allowed' }, 405, { allow });
}
