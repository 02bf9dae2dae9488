/** Calls as of an application that tries again what is retryable. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What a caller was told.
 *
 * @typedef {object} Answer
 * @property {string} userId
 * @property {string} [accessToken]
 * @property {string} [code] of the error
 * @property {boolean} [retryable]
 * @property {string} [message]
 *
 * What became of a user in the end.
 *
 * @typedef {object} Outcome
 * @property {string} userId
 * @property {string} [accessToken]
 * @property {boolean} [disconnected] the caller got an error that says so
 * @property {string} [error] what it should not have been told, or that it was told nothing final
 * @property {Record<string, number>} retried how often it was told to try again, by code
 */

const PAUSE_MIN_MS = 50;
const PAUSE_MAX_MS = 1_000;
const GONE = ['ERR_TOKENKEEP_REVOKED', 'ERR_TOKENKEEP_NOT_CONNECTED'];

/**
 * One call.
 *
 * @param {import('tokenkeep').TokenKeep} keep
 * @param {string} userId
 * @returns {Promise<Answer>}
 */
export async function call(keep, userId) {
  try {
    const { accessToken } = await keep.gmail.getValidGmailToken(userId);
    return { userId, accessToken };
  } catch ({ code, retryable, message }) {
    return { userId, code, retryable, message };
  }
}

/**
 * Calls until there is a token, or the user is disconnected, or `enough` says that it is.
 *
 * @param {import('tokenkeep').TokenKeep} keep
 * @param {string} userId
 * @param {(answer: Answer) => boolean} [enough] an error after which it stops, too
 * @param {AbortSignal} [signal] when it is too late
 * @returns {Promise<Outcome>}
 */
export async function callUntilSettled(keep, userId, { enough = () => false, signal } = {}) {
  const retried = {};
  for (let pause = PAUSE_MIN_MS; ; pause = Math.min(pause * 1.5, PAUSE_MAX_MS)) {
    const { accessToken, code = '', retryable, message } = await call(keep, userId);
    if (accessToken) return { userId, accessToken, retried };
    if (GONE.includes(code)) return { userId, disconnected: true, retried };
    if (!retryable) return { userId, error: `${code}: ${message}`, retried };
    retried[code] = (retried[code] ?? 0) + 1;
    if (enough({ userId, code, retryable, message })) return { userId, retried };
    if (signal?.aborted) return { userId, error: `never settled: ${code}`, retried };
    await sleep(pause);
  }
}
