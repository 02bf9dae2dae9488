/** The route `callback`, to which the provider redirects the browser (RFC 6749, section 4.1.2). */

import { withoutPrototype } from '../input/fields';
import { errorResponse, json, methodNotAllowed, page, redirect, wantsJson } from './responses';
import { browserOf } from './browser-cookie';
import { type Parameters, otherParameters, parametersOf } from './parameters';
import type { HandlerConfig } from './config';

/** Completes the flow of the `state`. GET only: a HEAD must not consume the state. */
export async function callback<Context>(
  config: HandlerConfig<Context>,
  request: Request,
  context: Context,
): Promise<Response> {
  if (request.method !== 'GET') return methodNotAllowed('GET');
  const { texts } = config;
  const { state, code, error, iss } = parametersOf(request) ?? withoutPrototype<Parameters>({});
  if (!state || !(code || error)) return errorResponse(request, texts, 'bad_request');
  let userId: string | undefined;
  try {
    userId = await config.userId(request, context);
    const browser = browserOf(request, config.redirectUri);
    const { accountChanged, returnTo } = await config.instance.connector.finish(config.store, {
      state,
      requiresBrowser: true,
      ...(config.provider === undefined ? {} : { provider: config.provider }),
      ...(code === undefined ? {} : { code }),
      ...(error === undefined ? {} : { error }),
      ...(iss === undefined ? {} : { issuer: iss }),
      parameters: otherParameters(request),
      ...(browser === undefined ? {} : { browser }),
      ...(userId === undefined ? {} : { userId }),
    });
    if (wantsJson(request)) return json({ connected: true, account_changed: accountChanged });
    // Do not redirect past the notice that the account has changed.
    if (returnTo !== null && !accountChanged) return redirect(returnTo);
    const { heading, text } = accountChanged ? texts.accountChanged : texts.connected;
    const title = `${heading}. ${text}`;
    const link = returnTo === null ? {} : { link: { href: returnTo, text: texts.continueLabel } };
    return page({ lang: texts.lang, title, heading, text, icon: 'done', ...link });
  } catch (thrown) {
    return config.connectFailure(request, thrown, userId);
  }
}
