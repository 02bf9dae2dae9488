/** The route `disconnect`: deletes the tokens, then has Google revoke them (RFC 7009). */

import { failed, json, methodNotAllowed, page, wantsJson } from './answers';
import { asServer } from './bearer';
import { parametersOf } from './parameters';
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
  return toServer ?? asUser(setting, request, context);
}

async function asUser<Context>(
  setting: Setting<Context>,
  request: Request,
  context: Context,
): Promise<Response> {
  const { texts } = setting;
  if (isCrossSite(request, setting.redirectUri)) {
    return failed(request, texts, 'cross_site', { status: 403, title: texts.notDisconnected });
  }
  try {
    const userId = await setting.userId(request, context);
    if (userId === undefined)
      return failed(request, texts, 'not_signed_in', { status: 401, title: texts.notDisconnected });
    const disconnected = await setting.keep.connector.disconnect(setting.store, userId);
    if (wantsJson(request)) return json({ disconnected });
    const { heading, text } = texts.disconnected;
    return page({ lang: texts.lang, title: `${heading}. ${text}`, heading, text, sign: 'done' });
  } catch (error) {
    setting.report(error);
    return failed(request, texts, 'unexpected', { status: 500, title: texts.notDisconnected });
  }
}
