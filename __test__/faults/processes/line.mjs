/** @typedef {import('../report.mjs').Line} Line */

/** @param {string} fault @returns {Line} before its first round */
export function newLine(fault) {
  return {
    fault,
    rounds: 0,
    rows: 0,
    lost: 0,
    doubles: 0,
    inherent: '',
    inherentCount: 0,
    wrongDeletions: 0,
    errors: 0,
  };
}

/**
 * Adds a round to the line of its fault.
 *
 * @param {Line} line
 * @param {import('../ledger.mjs').Ledger} ledger
 * @param {string[]} errors
 * @param {(text: string) => void} progress
 */
export function addRound(line, ledger, errors, progress) {
  line.rounds += 1;
  line.rows += ledger.rows;
  for (const count of ['lost', 'doubles', 'inherentCount', 'wrongDeletions']) {
    line[count] += ledger[count];
  }
  line.errors += errors.length;
  for (const problem of errors.slice(0, 5)) progress(`${line.fault}: ${problem}`);
  const wrong = ledger.lost + ledger.doubles + ledger.wrongDeletions > 0;
  for (const finding of wrong ? ledger.findings.slice(0, 5) : []) {
    progress(`${line.fault}: ${finding}`);
  }
}
