/** The route `connect`: a link for a user, its page, and the way to the consent screen. */

import { failed, json, methodNotAllowed, page, redirect, wantsJson } from './answers';
import { asServer } from './bearer';
import { browserOf, newBrowser, setBrowser } from './browser-cookie';
import { type Parameters, parametersOf } from './parameters';
import { ownPath } from './return-to';
import { isCrossSite } from './same-origin';
import type { Setting } from './setting';

/** What is told of a failure on our side. */
const COULD_NOT = 'Could not initiate Google auth';

/** Answers a request to connect. */
export async function connect<Context>(
  setting: Setting<Context>,
  request: Request,
  context: Context,
): Promise<Response> {
  const parameters = parametersOf(request);
  if (!parameters) return failed(request, setting.texts, 'bad_request');
  const { link } = parameters;
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (link === undefined) {
    // A HEAD changes nothing, and this begins a flow.
    if (request.method !== 'GET') return methodNotAllowed('GET');
    const toServer = await asServer(setting, request, parameters.user_id, COULD_NOT, (userId) =>
      sendLink(setting, userId, parameters),
    );
    return toServer ?? begin(setting, request, context, parameters);
  }
  if (!isRead && request.method !== 'POST') return methodNotAllowed('GET, HEAD, POST');
  let userId: string | undefined;
  try {
    userId = await setting.userId(request, context);
    return isRead
      ? await showLink(setting, link, userId)
      : await followLink(setting, request, link, userId);
  } catch (error) {
    return setting.refuse(request, error, userId);
  }
}

/** For a server of the application, which sends the link to the user. */
async function sendLink<Context>(
  setting: Setting<Context>,
  userId: string,
  { return_to: path }: Parameters,
): Promise<Response> {
  const returnTo = path === undefined ? undefined : ownPath(path, setting.redirectUri);
  if (returnTo === null) return json({ detail: 'return_to must be a path' }, 400);
  return json({ auth_url: await linkFor(setting, userId, returnTo) });
}

/** A link that connects an account to this user, once, within a day. */
export async function linkFor<Context>(
  setting: Setting<Context>,
  userId: string,
  returnTo: string | undefined = setting.returnTo,
): Promise<string> {
  const { scopes } = setting;
  const link = await setting.keep.connector.link(setting.store, { userId, scopes, returnTo });
  const url = setting.route('connect');
  url.searchParams.set('link', link);
  return url.href;
}

/** Changes nothing: chat apps open links for a preview. */
async function showLink<Context>(
  { keep, texts, store }: Setting<Context>,
  link: string,
  userId: string | undefined,
): Promise<Response> {
  await keep.connector.checkLink(store, link, userId);
  const { heading, text, button } = texts.connect;
  const content = {
    lang: texts.lang,
    title: heading,
    heading,
    text,
    button,
    sign: 'link',
  } as const;
  return page(content, 200, keep.connector.authorizationOrigin());
}

async function followLink<Context>(
  setting: Setting<Context>,
  request: Request,
  link: string,
  userId: string | undefined,
): Promise<Response> {
  const { keep, texts, redirectUri, store } = setting;
  if (isCrossSite(request, redirectUri)) {
    return failed(request, texts, 'cross_site', { status: 403 });
  }
  const browser = browserOf(request, redirectUri) ?? newBrowser();
  const url = await keep.connector.followLink(store, link, browser, userId);
  return redirect(url, { 'set-cookie': setBrowser(browser, redirectUri) });
}

/** For a user who is signed in. */
async function begin<Context>(
  setting: Setting<Context>,
  request: Request,
  context: Context,
  { return_to: path }: Parameters,
): Promise<Response> {
  try {
    const userId = await setting.userId(request, context);
    if (userId === undefined)
      return failed(request, setting.texts, 'not_signed_in', { status: 401 });
    const { keep, redirectUri, scopes, store } = setting;
    const returnTo = path === undefined ? setting.returnTo : ownPath(path, redirectUri);
    if (returnTo === null) return failed(request, setting.texts, 'bad_request');
    const browser = browserOf(request, redirectUri) ?? newBrowser();
    const url = await keep.connector.begin(store, { userId, browser, scopes, returnTo });
    const cookie = { 'set-cookie': setBrowser(browser, redirectUri) };
    return wantsJson(request) ? json({ auth_url: url }, 200, cookie) : redirect(url, cookie);
  } catch (error) {
    setting.report(error);
    if (wantsJson(request)) return json({ detail: COULD_NOT }, 500);
    return failed(request, setting.texts, 'unexpected', { status: 500 });
  }
}
