/** Routes for the application's own servers: `user_id` in the query, the secret in the header. */

import { InvalidArgumentError } from '../errors/errors';
import { json } from './answers';
import type { Setting } from './setting';
import { bearerOf } from './secret';

/**
 * Answers a server's request about the user whom it names; nothing when it is none of that kind.
 * `couldNot` is all that it is told of a failure on our side.
 */
export async function asServer<Context>(
  setting: Setting<Context>,
  request: Request,
  userId: string | undefined,
  couldNot: string,
  work: (userId: string) => Promise<Response>,
): Promise<Response | undefined> {
  let secret: string | undefined;
  try {
    secret = setting.secret;
  } catch (error) {
    if (userId === undefined) return undefined;
    setting.report(error);
    return json({ detail: couldNot }, 500);
  }
  const bearer = bearerOf(request, secret);
  if (bearer !== 'right' && userId === undefined) return undefined;
  if (!secret) return json({ detail: 'Not Found' }, 404);
  if (bearer !== 'right') {
    return json({ detail: 'Unauthorized' }, 401, { 'www-authenticate': 'Bearer' });
  }
  if (!userId) return json({ detail: 'user_id is required' }, 400);
  try {
    return await work(userId);
  } catch (error) {
    if (error instanceof InvalidArgumentError && error.argument === 'userId') {
      return json({ detail: error.message.replace('userId:', 'user_id') }, 400);
    }
    setting.report(error);
    return json({ detail: couldNot }, 500);
  }
}
