/** What happens to the first process's statements on their way to the database. */
import { lateMs } from './limits.mjs';

const actions = {
  'error before': 'cut-before',
  'error after': 'cut-after',
  slow: 'delay',
  'never before': 'never-before',
  'never after': 'never-after',
};

/**
 * The rule of its proxy. A statement for several rows meets what the first of them has in store;
 * who has the same in store has met it, too.
 *
 * @param {import('./fate.mjs').Fate[]} fates
 * @param {number} divisor
 * @returns {import('../../../support/postgres-proxy.mjs').Rule}
 */
export function statementRule(fates, divisor) {
  return ({ step: statement, parameters: [users] }) => {
    const concerned = fates.filter(({ user }) => [users].flat().includes(user.id));
    const rows = concerned.map((fate) => ({ fate, step: stepFor(fate, statement) }));
    const chosen = rows.find(({ fate, step }) => fate.next(step));
    if (!chosen) return undefined;
    const { kind } = chosen.fate.next(chosen.step);
    for (const { fate, step } of rows) if (fate.next(step)?.kind === kind) fate.take(step);
    const ms = lateMs(chosen.step, divisor, chosen.fate.long);
    return { do: actions[kind], ms };
  };
}

/** What this statement is to this row, which it also moves on. */
function stepFor(fate, statement) {
  const { last } = fate;
  fate.last = statement === 'commit' ? 'commit' : undefined;
  if (statement !== 'read') return statement;
  if (last === 'commit') return 'second read';
  return last === 'invalid_grant' ? 'invalid_grant read' : 'read';
}
