/** The route `credentials`: a user's tokens for programs without Node, refreshed if necessary. */

import {
  NotConnectedError,
  RefreshTokenMissingError,
  TokenRevokedError,
  TokenkeepError,
} from '../errors/errors';
import { json, methodNotAllowed } from './responses';
import { answerServer } from './server-request';
import { parametersOf } from './parameters';
import type { HandlerConfig } from './config';

/** Requires the secret. Returns 404 for a user who must connect first. */
export async function credentials<Context>(
  config: HandlerConfig<Context>,
  request: Request,
): Promise<Response> {
  const { calendar } = config.instance;
  return answer(config, request, 'Google Calendar', (id) => calendar.getCredentialsForUser(id));
}

/** The same for the provider of the routes; without the refresh token, which only tokenkeep uses. */
export async function providerCredentials<Context>(
  config: HandlerConfig<Context>,
  request: Request,
): Promise<Response> {
  const account = parametersOf(request)?.account;
  return answer(config, request, config.title, async (id) => {
    const provider = config.at(account)?.provider ?? '';
    try {
      const token = await config.instance.integration.getValidToken(id, provider);
      return {
        access_token: token.accessToken,
        // Absent if it never expires.
        ...(token.expiresAt === null ? {} : { expiry_date: Number(token.expiresAt) }),
        scope: token.scopes.join(' '),
        token_type: 'Bearer',
      };
    } catch (error) {
      // As after a disconnect, the user must connect again.
      if (error instanceof RefreshTokenMissingError) return null;
      throw error;
    }
  });
}

/** Answers with what `find` gives for a user; `null`: nothing is stored. */
async function answer<Context>(
  config: HandlerConfig<Context>,
  request: Request,
  title: string,
  find: (userId: string) => Promise<object | null>,
): Promise<Response> {
  if (request.method !== 'GET') return methodNotAllowed('GET');
  const parameters = parametersOf(request);
  if (!parameters) return json({ detail: 'a parameter is too long or occurs twice' }, 400);
  const failureDetail = 'Could not get credentials';
  const userId = parameters.user_id ?? '';
  const missing = (error: 'not_connected' | 'revoked') =>
    json({ error, detail: `${title} is not connected` }, 404);
  const answered = await answerServer(config, request, userId, failureDetail, async (id) => {
    try {
      const found = await find(id);
      return found ? json(found) : missing('not_connected');
    } catch (error) {
      if (error instanceof TokenRevokedError) return missing('revoked');
      if (error instanceof NotConnectedError) return missing('not_connected');
      if (!(error instanceof TokenkeepError) || !error.retryable) throw error;
      const { code, message } = error;
      return json({ error: code, detail: message }, 503, { 'retry-after': '5' });
    }
  });
  return answered ?? json({ detail: 'Not Found' }, 404);
}
