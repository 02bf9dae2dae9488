/** Requests from the application's own servers: `user_id` in the query, the secret in the header. */

import { isA } from '../bridge/callbacks';
import { InvalidArgumentError } from '../errors/errors';
import { json } from './responses';
import type { HandlerConfig } from './config';
import { checkBearer } from './bearer-secret';

/**
 * Answers a server's request for the user that it names. Returns `undefined` for a request with neither
 * `user_id` nor the secret. After an internal error, the response contains only `failureDetail`.
 */
export async function answerServer<Context>(
  config: HandlerConfig<Context>,
  request: Request,
  userId: string | undefined,
  failureDetail: string,
  work: (userId: string) => Promise<Response>,
): Promise<Response | undefined> {
  let secret: string | undefined;
  try {
    secret = config.secret;
  } catch (error) {
    if (userId === undefined) return undefined;
    config.report(error);
    return json({ detail: failureDetail }, 500);
  }
  const bearer = checkBearer(request, secret);
  if (bearer !== 'valid' && userId === undefined) return undefined;
  if (!secret) return json({ detail: 'Not Found' }, 404);
  if (bearer !== 'valid') {
    return json({ detail: 'Unauthorized' }, 401, { 'www-authenticate': 'Bearer' });
  }
  if (!userId) return json({ detail: 'user_id is required' }, 400);
  try {
    return await work(userId);
  } catch (error) {
    if (error instanceof InvalidArgumentError && error.argument === 'userId') {
      return json({ detail: error.message.replace('userId:', 'user_id') }, 400);
    }
    if (isOfVariables(error)) return json({ detail: error.message }, 400);
    config.report(error);
    return json({ detail: failureDetail }, 500);
  }
}

/** Whether a connect request has given a value of a variable that is not allowed, or has given none. */
export function isOfVariables(error: unknown): error is InvalidArgumentError {
  return isA(error, InvalidArgumentError) && error.argument === 'variables';
}
