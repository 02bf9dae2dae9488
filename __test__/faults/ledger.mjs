/**
 * What became of refresh tokens: the provider's record held against the rows in the database, when
 * everything is calm.
 */
import { storedTokens } from './rows.mjs';

/**
 * @typedef {object} Ledger
 * @property {number} rows
 * @property {number} lost
 * @property {number} doubles
 * @property {number} inherentCount rows of which no client could have kept the grant
 * @property {number} wrongDeletions
 * @property {string[]} findings what was counted and is not inherent, a line a row, for people
 *
 * @typedef {import('../../dist/testing/index.js').TokenExchange} Exchange
 * @typedef {import('../../dist/testing/index.js').TokenFamily} Family
 */

/**
 * Reads it. An answer that did not reach its process, as the provider saw it, excuses that it is not
 * in the row, and that the token it was given for is spent again.
 *
 * @param {object} given
 * @param {{ familyOf: (token: string) => Family | undefined }} given.endpoint
 * @param {import('./rows.mjs').Client} given.database
 * @param {import('./rows.mjs').User[]} given.users each with the newest grant that it gave
 * @param {(exchange: Exchange) => boolean} [given.unreceived] further answers that their process
 *   could not store: it was killed or stopped
 * @param {(reuse: Exchange) => boolean} [given.overdue] requests that the network held until their
 *   sender had given them up
 * @returns {Promise<Ledger>}
 */
export async function readLedger({ endpoint, database, users, unreceived, overdue }) {
  const ids = users.map(({ id }) => id);
  const stored = await storedTokens(database, ids);
  const ledger = {
    rows: 0,
    lost: 0,
    doubles: 0,
    inherentCount: 0,
    wrongDeletions: 0,
    findings: [],
  };
  const excuse = {
    unreceived: (exchange) => !exchange.request.delivered || Boolean(unreceived?.(exchange)),
    overdue: (reuse) => Boolean(overdue?.(reuse)),
  };
  for (const { id, refreshToken } of users) {
    const family = endpoint.familyOf(refreshToken);
    if (!family) throw new Error(`The provider does not know the grant of ${id}`);
    const found = judge(family, stored.get(id), excuse);
    ledger.rows += 1;
    for (const count of ['lost', 'doubles', 'wrongDeletions']) ledger[count] += found[count];
    ledger.inherentCount += Number(found.inherent);
    if (found.text) ledger.findings.push(`${id}: ${found.text}`);
  }
  return ledger;
}

/** @param {Family} family @param {string | undefined} stored undefined: there is no row */
function judge(family, stored, { unreceived, overdue }) {
  const found = { lost: 0, doubles: 0, wrongDeletions: 0, inherent: false, text: '' };
  const say = (text) => (found.text += `${found.text && '; '}${text}`);
  const cameAgain = new Set();
  for (const reuse of family.reuses) {
    const spent = family.exchanges.find(({ token }) => token === reuse.token);
    if (unreceived(spent) || overdue(reuse)) found.inherent = true;
    else cameAgain.add(reuse.token);
  }
  found.doubles = cameAgain.size;
  if (found.doubles > 0) say(`${found.doubles} spent again`);
  if (!family.alive) return found;
  if (stored === undefined) {
    found.wrongDeletions = 1;
    say('deleted although the grant is alive');
  } else if (stored !== family.newest) {
    const last = family.exchanges.at(-1);
    if (last && unreceived(last)) found.inherent = true;
    else found.lost = 1;
    if (found.lost) say('lost');
  }
  return found;
}
