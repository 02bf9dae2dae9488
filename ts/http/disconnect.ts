/** The route `disconnect`: deletes the tokens, then has Google revoke them (RFC 7009). */

import { failed, json, methodNotAllowed, page, redirect, wantsJson } from './answers';
import { asServer } from './bearer';
import { parametersOf } from './parameters';
import { ownPath } from './return-to';
import { isCrossSite } from './same-origin';
import type { Setting } from './setting';

/** Disconnects whoever is signed in; with the secret, whoever `user_id` names. */
export async function disconnect<Context>(
  setting: Setting<Context>,
  request: Request,
  context: Context,
): Promise<Response> {
  if (request.method !== 'POST') return methodNotAllowed('POST');
  const { texts } = setting;
  const parameters = parametersOf(request);
  if (!parameters) return failed(request, texts, 'bad_request');
  const couldNot = 'Could not disconnect Google';
  const toServer = await asServer(setting, request, parameters.user_id, couldNot, async (userId) =>
    json({ disconnected: await setting.keep.connector.disconnect(setting.store, userId) }),
  );
  return toServer ?? asUser(setting, request, context, parameters.return_to);
}

async function asUser<Context>(
  setting: Setting<Context>,
  request: Request,
  context: Context,
  path: string | undefined,
): Promise<Response> {
  const { texts } = setting;
  const returnTo = path === undefined ? undefined : ownPath(path, setting.redirectUri);
  if (returnTo === null) {
    return failed(request, texts, 'bad_request', { title: texts.notDisconnected });
  }
  if (isCrossSite(request, setting.redirectUri)) {
    return failed(request, texts, 'cross_site', { status: 403, title: texts.notDisconnected });
  }
  try {
    const userId = await setting.userId(request, context);
    if (userId === undefined)
      return failed(request, texts, 'not_signed_in', { status: 401, title: texts.notDisconnected });
    const disconnected = await setting.keep.connector.disconnect(setting.store, userId);
    if (wantsJson(request)) return json({ disconnected });
    if (returnTo !== undefined) return redirect(returnTo);
    const { heading, text } = texts.disconnected;
    return page({ lang: texts.lang, title: `${heading}. ${text}`, heading, text, sign: 'done' });
  } catch (error) {
    setting.report(error);
    return failed(request, texts, 'unexpected', { status: 500, title: texts.notDisconnected });
  }
}
