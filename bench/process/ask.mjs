/**
 * Many callers of one process ask for one user's token at once. Times are on the clock that all
 * processes share.
 *
 * @typedef {{ begin: number, end: number, tokens: string[], failures: string[] }} Answers
 * @param {import('../peers/index.mjs').Peer} peer
 * @returns {Promise<Answers>}
 */
export async function ask(peer, userId, callers) {
  const begin = now();
  const calls = Array.from({ length: callers }, () => peer.getValidGmailToken(userId));
  const settled = await Promise.allSettled(calls);
  const end = now();
  const tokens = settled.flatMap(({ value }) => (value ? [value.accessToken] : []));
  const failures = settled.flatMap(({ reason }) => (reason ? [String(reason)] : []));
  return { begin, end, tokens: [...new Set(tokens)], failures };
}

function now() {
  return performance.timeOrigin + performance.now();
}
