/** The route `credentials`: a user's tokens for programs without Node, refreshed if necessary. */

import { NotConnectedError, TokenRevokedError, TokenkeepError } from '../errors/errors';
import { json, methodNotAllowed } from './responses';
import { answerServer } from './server-request';
import { parametersOf } from './parameters';
import type { HandlerConfig } from './config';

/** Requires the secret. Returns 404 for a user who must connect first. */
export async function credentials<Context>(
  config: HandlerConfig<Context>,
  request: Request,
): Promise<Response> {
  if (request.method !== 'GET') return methodNotAllowed('GET');
  const parameters = parametersOf(request);
  if (!parameters) return json({ detail: 'a parameter is too long or occurs twice' }, 400);
  const failureDetail = 'Could not get credentials';
  const userId = parameters.user_id ?? '';
  const answer = await answerServer(config, request, userId, failureDetail, async (id) => {
    try {
      const found = await config.instance.calendar.getCredentialsForUser(id);
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
