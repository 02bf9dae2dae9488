/**
 * The users whom a statement of the store is about: every statement names them first.
 *
 * @param {import('../../support/postgres-proxy/units.mjs').Unit} unit
 * @returns {string[]}
 */
export function rowsOf({ step, parameters: [first] }) {
  return step === 'other' ? [] : [first].flat().filter((user) => user !== undefined);
}
