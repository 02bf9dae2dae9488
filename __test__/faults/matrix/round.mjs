import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

import { createTokenKeep } from '../../../dist/index.js';
import { startPostgresProxy } from '../../../support/postgres-proxy.mjs';
import { callUntilSettled } from '../call.mjs';
import { PlannedRow } from './planned-row.mjs';
import { judge } from './judge.mjs';
import { Requests } from './requests.mjs';
import { statementRule } from './statements.mjs';

/** Enough for the rows of a round: the server has many rounds at once. */
const CONNECTIONS = 4;
const POLL_MS = 20;

/**
 * @typedef {object} Setting
 * @property {import('../scene.mjs').Scene} scene
 * @property {ReturnType<typeof import('./provider.mjs').admitInstances>} admit
 * @property {number} divisor of the limits
 * @property {number} rows
 * @property {boolean} patient whether callers ask for a row in doubt until the unknown-outcome limit
 * @property {AbortSignal} tooLate
 *
 * @typedef {object} Played
 * @property {number} struck rows that met all faults of the plan
 * @property {string[]} errors
 * @property {import('../ledger.mjs').Ledger} ledger
 */

/**
 * Plays one round: two instances, each with a pool of its own, ask for all rows until each has a
 * token or is disconnected. The first meets the faults. The second joins it after the first fault for some
 * rows, after the last for the others. When all is calm the ledger is read.
 *
 * @param {import('./plans.mjs').Plan} plan
 * @param {Setting} setting
 * @returns {Promise<Played>}
 */
export async function playRound(plan, { scene, admit, divisor, rows, patient, tooLate }) {
  const users = await scene.connect(rows);
  const plannedRows = users.map((user, row) => {
    return new PlannedRow(plan, user, scene.endpoint.familyOf(user.refreshToken), row % 2 === 1);
  });
  const requests = new Requests(scene, plannedRows, divisor);
  const proxy = await startPostgresProxy(scene.databaseUrl);
  proxy.rule = statementRule(plannedRows, divisor);
  const open = (name, options) => {
    const limits = { limitsDivisor: divisor, maxConnections: CONNECTIONS };
    return createTokenKeep(scene.options(name, { ...limits, ...options }));
  };
  const first = open(admit(plan.rotate, requests.answer), { databaseUrl: proxy.url });
  const second = open(admit(plan.rotate));

  const outcomes = await Promise.all(
    plannedRows.flatMap((planned, row) => {
      const isDead = () => !scene.endpoint.familyOf(planned.user.refreshToken).alive;
      const enough = ({ code }) => !patient && code.endsWith('_OUTCOME_UNKNOWN') && isDead();
      const settle = (keep) => callUntilSettled(keep, planned.user.id, { enough, signal: tooLate });
      const alone = settle(first);
      const joins = Promise.race([row % 3 === 0 ? planned.struck : planned.over, alone]);
      return [alone, joins.then(() => settle(second))];
    }),
  );
  await Promise.all([first.close(), second.close()]);
  // What is late still arrives.
  await requests.calm();
  while (proxy.connections > 0 && !tooLate.aborted) await sleep(POLL_MS);
  await turn();

  const overdue = ({ request }) => requests.overdue.has(request);
  const ledger = await scene.ledger(users, { overdue });
  const errors = await judge(scene, plannedRows, outcomes);
  if (proxy.connections > 0) errors.push('a connection of a closed instance stays open');
  await proxy.close();
  return { struck: plannedRows.filter(({ left }) => left === 0).length, errors, ledger };
}
