/** The route `connect`: creates connect links, shows their page, redirects to the consent screen. */

import { errorResponse, json, methodNotAllowed, page, redirect, wantsJson } from './responses';
import { answerServer, isOfVariables } from './server-request';
import { browserOf, newBrowser, setBrowser } from './browser-cookie';
import { type Parameters, parametersOf, variablesOf } from './parameters';
import { resolveReturnTo } from './return-to';
import { isCrossSite } from './same-origin';
import type { HandlerConfig } from './config';

/** The response detail of an internal error. */
const failureDetail = ({ title }: { title: string }): string => `Could not initiate ${title} auth`;

/** Answers a request to connect. */
export async function connect<Context>(
  config: HandlerConfig<Context>,
  request: Request,
  context: Context,
): Promise<Response> {
  const parameters = parametersOf(request);
  if (!parameters) return errorResponse(request, config.texts, 'bad_request');
  const variables = variablesOf(request, config.variables);
  if (!variables) return errorResponse(request, config.texts, 'bad_request');
  const { ticket, link = ticket } = parameters;
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (link === undefined) {
    // A HEAD must not start a flow.
    if (request.method !== 'GET') return methodNotAllowed('GET');
    const toServer = await answerServer(
      config,
      request,
      parameters.user_id,
      failureDetail(config),
      (userId) => sendLink(config, userId, parameters, variables),
    );
    return toServer ?? begin(config, request, context, parameters, variables);
  }
  if (!isRead && request.method !== 'POST') return methodNotAllowed('GET, HEAD, POST');
  let userId: string | undefined;
  try {
    userId = await config.userId(request, context);
    return isRead
      ? await showLink(config, link, userId)
      : await followLink(config, request, link, userId);
  } catch (error) {
    return config.connectFailure(request, error, userId);
  }
}

/** Responds to a server of the application, which sends the link to the user. */
async function sendLink<Context>(
  config: HandlerConfig<Context>,
  userId: string,
  { return_to: path, account }: Parameters,
  variables: Record<string, string>,
): Promise<Response> {
  const returnTo = path === undefined ? undefined : resolveReturnTo(path, config.redirectUri);
  if (returnTo === null) return json({ detail: 'return_to must be a path' }, 400);
  return json({ auth_url: await linkFor(config, userId, returnTo, account, variables) });
}

/** A single-use link that connects an account to this user, valid for 24 hours. */
export async function linkFor<Context>(
  config: HandlerConfig<Context>,
  userId: string,
  returnTo: string | undefined = config.returnTo,
  account?: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { scopes, instance, store } = config;
  const begin = { userId, scopes, returnTo };
  const link = await instance.connector.link(store, begin, config.at(account, variables));
  const url = config.route('connect');
  url.searchParams.set('link', link);
  return url.href;
}

/** Shows the page of a link. Does not consume the link: chat apps open links for a preview. */
async function showLink<Context>(
  config: HandlerConfig<Context>,
  link: string,
  userId: string | undefined,
): Promise<Response> {
  const { instance, texts, store, provider } = config;
  await instance.connector.checkLink(store, link, userId, provider);
  const { heading, text, button } = texts.connect;
  const content = {
    lang: texts.lang,
    title: heading,
    heading,
    text,
    button,
    icon: 'link',
  } as const;
  return page(content, 200, config.formTargets);
}

async function followLink<Context>(
  config: HandlerConfig<Context>,
  request: Request,
  link: string,
  userId: string | undefined,
): Promise<Response> {
  const { instance, texts, redirectUri, store, provider } = config;
  if (isCrossSite(request, redirectUri)) {
    return errorResponse(request, texts, 'cross_site', { status: 403 });
  }
  const browser = browserOf(request, redirectUri) ?? newBrowser();
  const url = await instance.connector.followLink(store, link, browser, userId, provider);
  return redirect(url, { 'set-cookie': setBrowser(browser, redirectUri) });
}

/** Starts the flow of a signed-in user. */
async function begin<Context>(
  config: HandlerConfig<Context>,
  request: Request,
  context: Context,
  { return_to: path, account }: Parameters,
  variables: Record<string, string>,
): Promise<Response> {
  try {
    const userId = await config.userId(request, context);
    if (userId === undefined)
      return errorResponse(request, config.texts, 'not_signed_in', { status: 401 });
    const { instance, redirectUri, scopes, store } = config;
    const returnTo = path === undefined ? config.returnTo : resolveReturnTo(path, redirectUri);
    if (returnTo === null) return errorResponse(request, config.texts, 'bad_request');
    const browser = browserOf(request, redirectUri) ?? newBrowser();
    const at = config.at(account, variables);
    const options = { userId, browser, scopes, returnTo };
    const url = await instance.connector.begin(store, options, at);
    const cookie = { 'set-cookie': setBrowser(browser, redirectUri) };
    return wantsJson(request) ? json({ auth_url: url }, 200, cookie) : redirect(url, cookie);
  } catch (error) {
    if (isOfVariables(error)) return errorResponse(request, config.texts, 'bad_request');
    config.report(error);
    if (wantsJson(request)) return json({ detail: failureDetail(config) }, 500);
    return errorResponse(request, config.texts, 'unexpected', { status: 500 });
  }
}
