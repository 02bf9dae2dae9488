/**
 * Many callers of one process request one user's token at once. `begin` and `end` are on the clock
 * that all processes share, `waits` are the milliseconds from each call to its own answer.
 *
 * @typedef {{ begin: number, end: number, waits: number[], tokens: string[], failures: string[] }}
 *   Answers
 * @param {import('../peers/index.mjs').Peer} peer
 * @returns {Promise<Answers>}
 */
export async function ask(peer, userId, callers) {
  const begin = now();
  const waits = [];
  const call = async () => {
    const start = performance.now();
    try {
      return await peer.getValidGmailToken(userId);
    } finally {
      waits.push(performance.now() - start);
    }
  };
  const settled = await Promise.allSettled(Array.from({ length: callers }, call));
  const end = now();
  const tokens = settled.flatMap(({ value }) => (value ? [value.accessToken] : []));
  const failures = settled.flatMap(({ reason }) => (reason ? [String(reason)] : []));
  return { begin, end, waits, tokens: [...new Set(tokens)], failures };
}

function now() {
  return performance.timeOrigin + performance.now();
}
