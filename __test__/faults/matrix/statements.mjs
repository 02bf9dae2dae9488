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
 * The rule of its proxy. A statement for several rows meets the fault that is planned for the first
 * of them; others for which the same fault is planned have met it, too.
 *
 * @param {import('./planned-row.mjs').PlannedRow[]} plannedRows
 * @param {number} divisor
 * @returns {import('../../../support/postgres-proxy.mjs').Rule}
 */
export function statementRule(plannedRows, divisor) {
  return ({ step: statement, parameters: [users] }) => {
    const concerned = plannedRows.filter(({ user }) => [users].flat().includes(user.id));
    const rows = concerned.map((planned) => ({ planned, step: stepFor(planned, statement) }));
    const chosen = rows.find(({ planned, step }) => planned.next(step));
    if (!chosen) return undefined;
    const { kind } = chosen.planned.next(chosen.step);
    for (const { planned, step } of rows) if (planned.next(step)?.kind === kind) planned.take(step);
    const ms = lateMs(chosen.step, divisor, chosen.planned.long);
    return { do: actions[kind], ms };
  };
}

/** What this statement is to this row, which it also moves on. */
function stepFor(planned, statement) {
  const { last } = planned;
  planned.last = statement === 'commit' ? 'commit' : undefined;
  if (statement !== 'read') return statement;
  if (last === 'commit') return 'second read';
  return last === 'invalid_grant' ? 'invalid_grant read' : 'read';
}
