/** The route `disconnect`: deletes the tokens, then revokes them at the provider (RFC 7009). */

import { errorResponse, json, methodNotAllowed, page, redirect, wantsJson } from './responses';
import { answerServer } from './server-request';
import { parametersOf } from './parameters';
import { resolveReturnTo } from './return-to';
import { isCrossSite } from './same-origin';
import type { HandlerConfig } from './config';

/** Disconnects the signed-in user; with the secret, the user of `user_id`. */
export async function disconnect<Context>(
  config: HandlerConfig<Context>,
  request: Request,
  context: Context,
): Promise<Response> {
  if (request.method !== 'POST') return methodNotAllowed('POST');
  const { texts } = config;
  const parameters = parametersOf(request);
  if (!parameters) {
    return errorResponse(request, texts, 'bad_request', { title: texts.notDisconnected });
  }
  const failureDetail = `Could not disconnect ${config.title}`;
  const { return_to: path, account } = parameters;
  const toServer = await answerServer(
    config,
    request,
    parameters.user_id,
    failureDetail,
    async (userId) => json({ disconnected: await disconnected(config, userId, account) }),
  );
  return toServer ?? disconnectUser(config, request, context, path, account);
}

/** Whether there were tokens. */
function disconnected<Context>(
  config: HandlerConfig<Context>,
  userId: string,
  account: string | undefined,
): Promise<boolean> {
  const provider = config.at(account)?.provider;
  return config.instance.connector.disconnect(config.store, userId, provider);
}

async function disconnectUser<Context>(
  config: HandlerConfig<Context>,
  request: Request,
  context: Context,
  path: string | undefined,
  account: string | undefined,
): Promise<Response> {
  const { texts } = config;
  const returnTo = path === undefined ? undefined : resolveReturnTo(path, config.redirectUri);
  if (returnTo === null) {
    return errorResponse(request, texts, 'bad_request', { title: texts.notDisconnected });
  }
  if (isCrossSite(request, config.redirectUri)) {
    return errorResponse(request, texts, 'cross_site', {
      status: 403,
      title: texts.notDisconnected,
    });
  }
  try {
    const userId = await config.userId(request, context);
    if (userId === undefined)
      return errorResponse(request, texts, 'not_signed_in', {
        status: 401,
        title: texts.notDisconnected,
      });
    const wasConnected = await disconnected(config, userId, account);
    if (wantsJson(request)) return json({ disconnected: wasConnected });
    if (returnTo !== undefined) return redirect(returnTo);
    const { heading, text } = texts.disconnected;
    return page({ lang: texts.lang, title: `${heading}. ${text}`, heading, text, icon: 'done' });
  } catch (error) {
    config.report(error);
    return errorResponse(request, texts, 'unexpected', {
      status: 500,
      title: texts.notDisconnected,
    });
  }
}
