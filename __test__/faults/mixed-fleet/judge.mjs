/** A caller of the old service asks for the lock four times, with two seconds between. */
const oldWaitMs = 3 * 2_000;
const timedOut = /another process holds the lock/;

/**
 * What went wrong, and what of it the old code does alone: two of its processes spend one token
 * (it locks without looking at the row again), or its caller gives up before a slow answer comes.
 * Both are proved from the provider's record.
 *
 * @param {import('./expiries.mjs').Expiry[]} expiries
 * @param {import('../../../support/token-endpoint.mjs').Request[]} requests that they led to
 * @param {(refreshToken: string) => number} delayOf how long the provider took to answer
 */
export function judge(expiries, requests, delayOf) {
  const found = {
    lost: 0,
    doubles: 0,
    wrongDeletions: 0,
    errors: 0,
    oldDoubles: 0,
    oldTimeouts: 0,
  };
  const problems = [];
  const wrong = (kind, problem) => {
    found[kind]++;
    problems.push(problem);
  };
  const bySent = groupBySent(requests);
  for (const { userId, sent, answers, stored, alive } of expiries) {
    const spent = bySent.get(sent) ?? [];
    bySent.delete(sent);
    if (spent.length > 1 && spent.every(({ form }) => form.client_id === 'old')) {
      found.oldDoubles++;
      continue;
    }
    if (spent.length === 0) wrong('errors', `${userId}: nobody refreshed`);
    if (spent.length > 1) wrong('doubles', `${userId}: ${spent.length} requests`);
    else if (!stored) wrong('wrongDeletions', `${userId}: deleted`);
    else if (!alive) wrong('lost', `${userId}: the stored refresh token is worthless`);
    for (const { side, accessToken, failure } of answers) {
      const oldGaveUp = side === 'old' && timedOut.test(failure) && delayOf(sent) > oldWaitMs;
      if (oldGaveUp) found.oldTimeouts++;
      else if (failure) wrong('errors', failure);
      else if (accessToken !== stored?.accessToken) wrong('errors', `${userId}: an old token`);
    }
  }
  for (const [sent] of bySent) wrong('doubles', `a token of no expiry was spent: ${sent}`);
  return { ...found, problems };
}

/** @returns {Map<string, import('../../../support/token-endpoint.mjs').Request[]>} */
function groupBySent(requests) {
  const groups = new Map();
  for (const request of requests) {
    const group = groups.get(request.refreshToken) ?? [];
    groups.set(request.refreshToken, [...group, request]);
  }
  return groups;
}
