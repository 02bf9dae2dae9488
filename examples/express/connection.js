import { NotConnectedError, TokenRevokedError } from 'tokenkeep';
import { getCredentialsForUser } from 'tokenkeep/calendar';

/** Whether a user's calendar can be used now, and until when the token at hand is good. */
export async function connectionOf(userId) {
  try {
    const credentials = await getCredentialsForUser(userId);
    if (!credentials) return { status: 'missing' };
    return { status: 'connected', until: new Date(credentials.expiry_date) };
  } catch (error) {
    if (error instanceof TokenRevokedError) return { status: 'revoked' };
    if (error instanceof NotConnectedError) return { status: 'missing' };
    throw error;
  }
}
