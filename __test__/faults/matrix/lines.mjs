import { effectOf, steps } from './steps.mjs';

/**
 * @typedef {import('../report.mjs').Line} Line
 * @typedef {{ plan: import('./plans.mjs').Plan, played: import('./round.mjs').Played }} Round
 */

const INHERENT =
  'the answer of a provider that rotates was lost on its way, or its request arrived when somebody ' +
  'else had asked: the family dies at the next attempt';

/** A fault alone, by step and by what the other side made of it. @param {Round[]} rounds */
export function linesOfSingles(rounds) {
  return lines(rounds, ({ faults: [{ step, kind }] }) => `${step}: ${effectOf(kind)}`);
}

/** Two faults, by the step that comes first in the protocol. @param {Round[]} rounds */
export function linesOfPairs(rounds) {
  const order = steps.map(({ step }) => step);
  const earlier = ({ faults }) => order.find((step) => faults.some((fault) => fault.step === step));
  return lines(rounds, (plan) => `${earlier(plan)}, and a second fault`);
}

/** Faults alone with the real limits. @param {Round[]} rounds */
export function linesOfRealLimits(rounds) {
  return lines(rounds, ({ faults: [{ kind }] }) => `real limits, any step: ${effectOf(kind)}`);
}

/** @param {Round[]} rounds @param {(plan: import('./plans.mjs').Plan) => string} faultOf */
function lines(rounds, faultOf) {
  /** @type {Map<string, Line>} */
  const found = new Map();
  for (const { plan, played } of rounds) {
    const fault = faultOf(plan);
    const line = found.get(fault) ?? empty(fault);
    const { ledger, errors } = played;
    line.rounds += 1;
    for (const count of ['rows', 'lost', 'doubles', 'inherentCount', 'wrongDeletions']) {
      line[count] += ledger[count];
    }
    line.errors += errors.length;
    found.set(fault, line);
  }
  return [...found.values()];
}

/** @returns {Line} */
function empty(fault) {
  const counts = { rounds: 0, rows: 0, lost: 0, doubles: 0, wrongDeletions: 0, errors: 0 };
  return { fault, ...counts, inherent: INHERENT, inherentCount: 0 };
}
