/** The pages. They load nothing, run no script and repeat nothing of the request. */

import { createHash } from 'node:crypto';
import { fieldsOf } from '../input/fields';

/** The contents of a page. */
export interface Page {
  lang: string;
  /** The title in the browser's tab. */
  title: string;
  heading: string;
  text: string;
  icon: 'link' | 'done' | 'failed';
  /** A button that posts to the page's own address. */
  button?: string;
  /** A link. */
  link?: { href: string; text: string };
}

const STYLE = `
:root{color-scheme:light dark;--paper:#f4f5f7;--card:#fff;--ink:#1b1f24;--soft:#545d69;--line:#dfe3e8;--act:#1557c0;--on-act:#fff;--done:#13714b;--failed:#a3341f}
@media(prefers-color-scheme:dark){:root{--paper:#101317;--card:#191e24;--ink:#edf0f3;--soft:#a9b3bf;--line:#2c343d;--act:#8ab8ff;--on-act:#0b1a30;--done:#5fd0a0;--failed:#ff9c85}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;min-height:100dvh;display:grid;place-items:center;padding:1.25rem;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:100%;max-width:26rem;padding:2.25rem 2rem;background:var(--card);border:1px solid var(--line);border-radius:1rem;text-align:center}
svg{width:3.25rem;height:3.25rem;margin-bottom:1rem}
.link{color:var(--act)}.done{color:var(--done)}.failed{color:var(--failed)}
h1{margin:0 0 .6rem;font-size:1.35rem;line-height:1.3;text-wrap:balance}
p{margin:0;color:var(--soft);text-wrap:pretty}
form,.next{margin-top:1.6rem}
button,.next a{display:inline-block;min-height:2.75rem;padding:.65rem 1.5rem;border:0;border-radius:.65rem;background:var(--act);color:var(--on-act);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}
button:hover,.next a:hover{filter:brightness(1.08)}
:focus-visible{outline:3px solid var(--act);outline-offset:3px}
@media(forced-colors:active){button,.next a{border:1px solid}}
`;

const ICONS = {
  link: '<path d="M18.5 29.5l11-11M21 13l4-4a9.9 9.9 0 0 1 14 14l-4 4M27 35l-4 4a9.9 9.9 0 0 1-14-14l4-4"/>',
  done: '<circle cx="24" cy="24" r="19"/><path d="M15.5 24.5l6 6 11-12"/>',
  failed: '<circle cx="24" cy="24" r="19"/><path d="M24 14.5v12M24 33v.5"/>',
} as const;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Allows our style sheet only; a form may post to our origin and be redirected to `formTargets`. */
export function contentSecurityPolicy(formTargets?: string): string {
  const form = formTargets === undefined ? "'none'" : `'self' ${formTargets}`;
  return [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    `form-action ${form}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** The HTML of a page. */
export function html(page: Page): string {
  const { lang, title, heading, text, icon, button, link } = fieldsOf(page);
  const form = button ? `<form method="post"><button>${escaped(button)}</button></form>` : '';
  const next = link
    ? `<p class="next"><a href="${escaped(link.href)}">${escaped(link.text)}</a></p>`
    : '';
  return `<!doctype html>
<html lang="${escaped(lang)}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<main>
<svg class="${icon}" viewBox="0 0 48 48" fill="none" stroke="currentColor" stroke-width="3.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${ICONS[icon]}</svg>
<h1>${escaped(heading)}</h1>
<p>${escaped(text)}</p>
${form}${next}</main>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
