/** The route `credentials`, for programs that are not Node: a user's tokens, refreshed if need be. */

import { NotConnectedError, TokenRevokedError, TokenkeepError } from '../errors/errors';
import { json, methodNotAllowed } from './answers';
import { asServer } from './bearer';
import { parametersOf } from './parameters';
import type { Setting } from './setting';

/** Only with the secret; 404 for a user who has to connect first. */
export async function credentials<Context>(
  setting: Setting<Context>,
  request: Request,
): Promise<Response> {
  if (request.method !== 'GET') return methodNotAllowed('GET');
  const parameters = parametersOf(request);
  if (!parameters) return json({ detail: 'a parameter is too long, or given twice' }, 400);
  const couldNot = 'Could not get credentials';
  const userId = parameters.user_id ?? '';
  const answer = await asServer(setting, request, userId, couldNot, async (id) => {
    try {
      const found = await setting.keep.calendar.getCredentialsForUser(id);
      return found ? json(found) : missing('not_connected');
    } catch (error) {
      if (error instanceof TokenRevokedError) return missing('revoked');
      if (error instanceof NotConnectedError) return missing('not_connected');
      if (!(error instanceof TokenkeepError) || !error.retryable) throw error;
      const { code, message } = error;
      return json({ error: code, detail: message }, 503, { 'retry-after': '5' });
    }
  });
  return answer ?? json({ detail: 'Not Found' }, 404);
}

function missing(error: 'not_connected' | 'revoked'): Response {
  return json({ error, detail: 'Google Calendar is not connected' }, 404);
}
