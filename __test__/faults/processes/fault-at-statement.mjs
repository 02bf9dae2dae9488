import { startPostgresProxy } from '../../../support/postgres-proxy.mjs';
import { Process } from '../process.mjs';
import { rowsOf } from '../unit-rows.mjs';
import { holderName, waitMs } from './two-processes.mjs';

/**
 * A process asks for all rows and meets an action once for each, at the place's statement; whatever
 * comes of it, the process is stopped in the end.
 *
 * @template Result
 * @param {import('../scene.mjs').Scene} scene
 * @param {object} given
 * @param {import('./places.mjs').Place} given.place
 * @param {import('../../../support/postgres-proxy.mjs').Action} given.action
 * @param {number} given.rows
 * @param {number} given.limitsDivisor
 * @param {(struck: Struck) => Promise<Result>} work
 *
 * @typedef {object} Struck
 * @property {import('../rows.mjs').User[]} users
 * @property {Process} holder
 * @property {Promise<any>} held what the holder was asked
 * @property {Promise<void>} all resolves when every row has met it
 */
export async function withFaultAtStatement(scene, { place, action, rows, limitsDivisor }, work) {
  const users = await scene.connect(rows);
  prepareProvider(scene, users, place);
  const proxy = await startPostgresProxy(scene.databaseUrl);
  const left = new Set(users.map(({ id }) => id));
  const all = new Promise((resolve) => {
    proxy.rule = (unit) => {
      if (unit.step !== place.step) return undefined;
      const struck = rowsOf(unit).filter((row) => left.delete(row));
      if (left.size === 0) resolve();
      return struck.length > 0 ? action : undefined;
    };
  });
  let holder;
  try {
    const options = { databaseUrl: proxy.url, limitsDivisor, waitMs };
    holder = await Process.start(scene.options(holderName, options));
    const held = holder.settle([...left]);
    return await work({ users, holder, held, all });
  } finally {
    await holder?.kill();
    await proxy.close();
  }
}

function prepareProvider({ endpoint }, users, { answer, revoked }) {
  const first = new Set(users.map(({ refreshToken }) => refreshToken));
  if (revoked) for (const token of first) endpoint.revoke(token);
  endpoint.script(({ refreshToken }) => (first.delete(refreshToken) ? answer : undefined));
}
