import { setTimeout as sleep } from 'node:timers/promises';

/** The callers of one expiry come within this time: before, during and after the refresh. */
const spreadMs = 1_500;
const callersEach = 2;

/**
 * @typedef {object} Answer what one caller got
 * @property {import('../../drop-in/processes/fleet.mjs').Side} side
 * @property {string} [accessToken]
 * @property {string} [failure]
 *
 * @typedef {object} Expiry one expiry of one user's token
 * @property {string} userId
 * @property {string} sent the refresh token that is to be spent, once
 * @property {Answer[]} answers
 * @property {import('./connections.mjs').Tokens | undefined} stored afterwards
 * @property {boolean} alive whether the provider takes the stored refresh token
 */

/**
 * Each user's token runs out again and again, and callers of every process ask for it. An expiry
 * begins when all callers of the one before were answered.
 *
 * @param {import('./application.mjs').Application} app
 * @param {import('../../drop-in/processes/fleet.mjs').Member[]} members
 * @param {{ users: string[], goesOn: () => boolean, expire: (userId: string) => Promise<unknown> }}
 *   how `goesOn` is asked before every expiry but the first
 * @returns {Promise<Expiry[]>}
 */
export async function expireAndCall(app, members, { users, goesOn, expire }) {
  /** @type {Expiry[]} */
  const expiries = [];
  const ofUser = async (userId) => {
    do {
      await expire(userId);
      const { refreshToken: sent } = await app.connections.tokens(userId);
      const answers = await callAll(members, userId);
      const stored = await app.connections.tokens(userId);
      const alive = Boolean(stored && app.provider.isAlive(stored.refreshToken));
      expiries.push({ userId, sent, answers, stored, alive });
      // The user agrees again.
      if (!alive) await app.connections.connect(userId);
    } while (goesOn());
  };
  await Promise.all(users.map(ofUser));
  return expiries;
}

/** @returns {Promise<Answer[]>} */
function callAll(members, userId) {
  const callers = members.flatMap((member) => Array(callersEach).fill(member));
  return Promise.all(
    callers.map(async (member) => {
      await sleep(Math.random() * spreadMs);
      const { side } = member;
      return member.call('getValidGmailToken', userId).then(
        ({ accessToken }) => ({ side, accessToken }),
        (error) => ({ side, failure: error.message }),
      );
    }),
  );
}
