/** The route that Google sends the browser back to (RFC 6749, section 4.1.2). */

import { bare } from '../input/fields';
import { failed, json, methodNotAllowed, page, redirect, wantsJson } from './answers';
import { browserOf } from './browser-cookie';
import { type Parameters, parametersOf } from './parameters';
import type { Setting } from './setting';

/** Ends the flow that the state stands for. Only by GET: a HEAD must not use it up. */
export async function callback<Context>(
  setting: Setting<Context>,
  request: Request,
  context: Context,
): Promise<Response> {
  if (request.method !== 'GET') return methodNotAllowed('GET');
  const { texts } = setting;
  const { state, code, error, iss } = parametersOf(request) ?? bare<Parameters>({});
  if (!state || !(code || error)) return failed(request, texts, 'bad_request');
  let userId: string | undefined;
  try {
    userId = await setting.userId(request, context);
    const browser = browserOf(request, setting.redirectUri);
    const { accountChanged, returnTo } = await setting.keep.connector.finish(setting.store, {
      state,
      requiresBrowser: true,
      ...(code === undefined ? {} : { code }),
      ...(error === undefined ? {} : { error }),
      ...(iss === undefined ? {} : { issuer: iss }),
      ...(browser === undefined ? {} : { browser }),
      ...(userId === undefined ? {} : { userId }),
    });
    if (wantsJson(request)) return json({ connected: true, account_changed: accountChanged });
    // What the user should see is not skipped.
    if (returnTo !== null && !accountChanged) return redirect(returnTo);
    const { heading, text } = accountChanged ? texts.accountChanged : texts.connected;
    const title = `${heading}. ${text}`;
    const link = returnTo === null ? {} : { link: { href: returnTo, text: texts.continueLabel } };
    return page({ lang: texts.lang, title, heading, text, sign: 'done', ...link });
  } catch (thrown) {
    return setting.refuse(request, thrown, userId);
  }
}
