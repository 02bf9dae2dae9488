/** What the pages say. */

import type { NotAuthorizedReason } from '../errors/errors';

/** Why a page says that it could not connect. */
export type Reason =
  NotAuthorizedReason | 'bad_request' | 'cross_site' | 'not_signed_in' | 'unexpected';

/** A page with a text. */
export interface PageText {
  heading: string;
  text: string;
}

/** All texts of the pages; each can be replaced. They are shown as they are, never as HTML. */
export interface Texts {
  /** The language of the texts (BCP 47). */
  lang: string;
  /** The page behind a link that was sent to the user; the button goes to Google. */
  connect: PageText & { button: string };
  connected: PageText;
  /** Connected, to another account than before. */
  accountChanged: PageText;
  disconnected: PageText;
  /** Could not connect; the text stands in the browser's tab, the reason on the page. */
  failed: PageText;
  /** Could not disconnect, likewise. */
  notDisconnected: PageText;
  reasons: Record<Reason, string>;
  /** The link to begin again, where the user is signed in. */
  tryAgain: string;
  /** The link to where the application wants the browser, below what the user should see first. */
  continueLabel: string;
  /** What stands in its place where nobody is. */
  tryAgainLabel: string;
}

/** In English. */
export const TEXTS: Texts = {
  lang: 'en',
  connect: {
    heading: 'Connect Google Calendar',
    text: 'Google will ask which account to connect, and what to allow. If nobody you know sent you this link, close this page.',
    button: 'Continue to Google',
  },
  connected: {
    heading: 'Google Calendar connected',
    text: 'You can close this tab.',
  },
  accountChanged: {
    heading: 'Google Calendar connected',
    text: 'It is another Google account than before. If that was not meant, connect once more with the other one.',
  },
  disconnected: {
    heading: 'Google Calendar disconnected',
    text: 'You can close this tab.',
  },
  failed: { heading: 'Could not connect Google Calendar', text: 'Please try again.' },
  notDisconnected: {
    heading: 'Could not disconnect Google Calendar',
    text: 'Please try again.',
  },
  reasons: {
    denied: 'Google says that you did not agree, so nothing was stored.',
    expired:
      'This link was used already, or is too old. If you have just connected, nothing is lost.',
    another_browser: 'You began in another browser or app.',
    another_user: 'This link is for somebody else than the user who is signed in here.',
    another_issuer: 'The answer did not come from Google.',
    server_refused: 'Google answered with an error.',
    code_refused: 'Google did not confirm the connection.',
    client_rejected:
      'This application is not set up correctly at Google. Please tell whoever runs it.',
    server_unavailable: 'Google did not answer. In a few minutes it may.',
    scopes_missing: 'Google was not allowed all that is needed. Please tick every box on its page.',
    refresh_token_missing:
      'Google gave no lasting permission. First remove this application at myaccount.google.com/connections.',
    bad_request: 'The address of this page is not complete.',
    cross_site: 'This has to be confirmed on our own page. Please open it again.',
    not_signed_in: 'Please sign in first.',
    unexpected: 'Something went wrong on our side.',
  },
  tryAgain: 'Try again',
  continueLabel: 'Continue',
  tryAgainLabel: 'Please ask for a new link.',
};

/** What another try does not mend. */
const LASTING: ReadonlySet<Reason> = new Set<Reason>([
  'another_user',
  'client_rejected',
  'cross_site',
  'not_signed_in',
]);

/** Why it failed, and what to do where no link to begin again is shown. */
export function reasonText(
  { reasons, tryAgainLabel }: Texts,
  reason: Reason,
  hasLink: boolean,
): string {
  return hasLink || !isWorthATry(reason) ? reasons[reason] : `${reasons[reason]} ${tryAgainLabel}`;
}

/** Whether another try may mend it. */
export function isWorthATry(reason: Reason): boolean {
  return !LASTING.has(reason);
}

/** The texts with some of them replaced. */
export type TextsPatch = {
  [Name in keyof Texts]?: Texts[Name] extends object ? Partial<Texts[Name]> : Texts[Name];
};

/** Puts what is given in the place of ours. */
export function textsWith(patch: TextsPatch = {}): Texts {
  const merged: Record<string, unknown> = { ...TEXTS };
  for (const [name, value] of Object.entries(patch)) {
    const ours = merged[name];
    if (value === undefined) continue;
    merged[name] =
      typeof ours === 'object' && typeof value === 'object' ? { ...ours, ...value } : value;
  }
  return merged as unknown as Texts;
}
