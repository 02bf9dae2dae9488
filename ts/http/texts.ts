/** The texts of the pages. */

import { InvalidArgumentError, type NotAuthorizedReason } from '../errors/errors';

/** Why connecting or disconnecting failed. */
export type Reason =
  NotAuthorizedReason | 'bad_request' | 'cross_site' | 'not_signed_in' | 'unexpected';

/** The heading and text of a page. */
export interface PageText {
  heading: string;
  text: string;
}

/** All texts of the pages. Each can be replaced; HTML in them is escaped. */
export interface Texts {
  /** The language of the texts (BCP 47). */
  lang: string;
  /** The page of a connect link; the button leads to the provider. */
  connect: PageText & { button: string };
  connected: PageText;
  /** Connected, but to a different account than before. */
  accountChanged: PageText;
  disconnected: PageText;
  /** Could not connect. The browser's tab shows the text, the page shows the reason. */
  failed: PageText;
  /** Could not disconnect. Shown like `failed`. */
  notDisconnected: PageText;
  reasons: Record<Reason, string>;
  /** The link that starts again, shown to a signed-in user where it may help. */
  tryAgain: string;
  /** The link to `returnTo`. */
  continueLabel: string;
  /** The advice on a page without the `tryAgain` link; who reads it may have come by a connect link, or not. */
  tryAgainLabel: string;
}

/** What the texts are about. */
export interface Subject {
  /** The provider, such as `Google`. */
  provider: string;
  /** What is connected, such as `Google Calendar`. */
  product: string;
  /** Why there is no refresh token, and what to do. */
  refreshTokenMissing: string;
}

/** Google's calendar. */
const GOOGLE_CALENDAR: Subject = {
  provider: 'Google',
  product: 'Google Calendar',
  refreshTokenMissing:
    'Google did not give permanent access. First remove this application at myaccount.google.com/connections.',
};

/** Any provider, by its name. */
export function subjectOf(provider: string): Subject {
  const refreshTokenMissing = `${provider} did not give permanent access. First remove this application in the settings of your account at ${provider}.`;
  return { provider, product: provider, refreshTokenMissing };
}

/** The texts in English. */
export function englishTexts({ provider, product, refreshTokenMissing }: Subject): Texts {
  return {
    lang: 'en',
    connect: {
      heading: `Connect ${product}`,
      text: `${provider} will ask which account to connect and what to allow. If you do not know who sent you this link, close this page.`,
      button: `Continue to ${provider}`,
    },
    connected: { heading: `${product} connected`, text: 'You can close this tab.' },
    accountChanged: {
      heading: `${product} connected`,
      text: `This is a different ${provider} account than before. If you did not mean to change it, connect again with the previous account.`,
    },
    disconnected: { heading: `${product} disconnected`, text: 'You can close this tab.' },
    failed: { heading: `Could not connect ${product}`, text: 'Please try again.' },
    notDisconnected: { heading: `Could not disconnect ${product}`, text: 'Please try again.' },
    reasons: {
      denied: `You did not give access at ${provider}, so nothing was stored.`,
      expired:
        'This link has expired or was already used. If you have just connected, your account is still connected.',
      another_browser: 'You started in a different browser or app.',
      another_user: 'This link is for a different user than the one who is signed in here.',
      another_issuer: `The response did not come from ${provider}.`,
      server_refused: `${provider} returned an error.`,
      code_refused: `${provider} did not confirm the connection.`,
      client_rejected: `This application is not set up correctly at ${provider}. Please contact its operator.`,
      server_unavailable: `${provider} is not responding at the moment.`,
      scopes_missing: `You did not give all the permissions that are needed. Please select every box on the page of ${provider}.`,
      refresh_token_missing: refreshTokenMissing,
      bad_request: 'The address of this page is incomplete.',
      cross_site: 'You must confirm this on our own page. Please open it again.',
      not_signed_in: 'Please sign in first.',
      unexpected: 'Something went wrong on our side.',
    },
    tryAgain: 'Try again',
    continueLabel: 'Continue',
    tryAgainLabel: 'Please try again. If a link brought you here, request a new one.',
  };
}

/** The default texts of Google's calendar. */
export const TEXTS: Texts = englishTexts(GOOGLE_CALENDAR);

/** Reasons for which another attempt would fail, too. */
const NOT_RETRYABLE: ReadonlySet<Reason> = new Set<Reason>([
  'another_user',
  'client_rejected',
  'cross_site',
  'not_signed_in',
]);

/** The reason; if the page has no link to start again, with advice. */
export function reasonText(
  { reasons, tryAgainLabel }: Texts,
  reason: Reason,
  hasLink: boolean,
): string {
  return hasLink || !isRetryable(reason) ? reasons[reason] : `${reasons[reason]} ${tryAgainLabel}`;
}

/** Whether another attempt may succeed. */
export function isRetryable(reason: Reason): boolean {
  return !NOT_RETRYABLE.has(reason);
}

/** Replacements for some of the texts. */
export type TextsPatch = {
  [Name in keyof Texts]?: Texts[Name] extends object ? Partial<Texts[Name]> : Texts[Name];
};

/** Texts with replacements. */
export function textsWith(texts: Texts, patch: TextsPatch = {}): Texts {
  return merged('texts', texts, patch);
}

/** `original` with the values of `patch`. Unknown names are refused: their texts would never be shown. */
function merged<Original extends object>(
  argument: string,
  original: Original,
  patch: object,
): Original {
  const texts = new Map<string, unknown>(Object.entries(original));
  for (const [name, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    const [part, replaced] = [`${argument}.${name}`, texts.get(name)];
    if (!texts.has(name)) {
      const known = Object.keys(original).join(', ');
      const reason = `unknown text, must be one of ${known}`;
      throw new InvalidArgumentError(`${part}: ${reason}`, { argument: part });
    }
    const isNested = isObject(replaced) && isObject(value);
    texts.set(name, isNested ? merged(part, replaced, value) : value);
  }
  return Object.fromEntries(texts) as Original;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
