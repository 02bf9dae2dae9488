import { startPostgresProxy } from '../../../support/postgres-proxy.mjs';
import { Gate } from '../gate.mjs';
import { Process } from '../process.mjs';
import { TooSlow } from './too-slow.mjs';
import { isBeforeRequest } from './places.mjs';

/** The holder needs a connection for every row that is to stand at its gate, and some to look. */
const spareConnections = 8;
/** Longer than any lease, takeover and refresh takes: callers get the outcome of the refresh. */
export const waitMs = 120_000;
const tooLateMs = 30_000;

/** The names of both processes in the provider's record. */
export const holderName = 'holder';
export const otherName = 'other';

/** What the second process is opened with. @param {import('../scene.mjs').Scene} scene */
export function otherOptions(scene, limitsDivisor) {
  return scene.options(otherName, { limitsDivisor, waitMs });
}

/**
 * Two processes refresh the same rows at the same time. The holder is faster: it is stopped at the gate
 * with all of them.
 *
 * @typedef {object} TwoProcesses
 * @property {import('../rows.mjs').User[]} users
 * @property {Process} holder
 * @property {import('../../../support/postgres-proxy.mjs').PostgresProxy} proxy the holder's
 * @property {Gate} gate
 * @property {Promise<any>} held what the holder was asked
 */

/**
 * Leads there, and has `work` go on from there; in the end the holder is stopped.
 *
 * @template Joined, Result
 * @param {import('../scene.mjs').Scene} scene
 * @param {object} given
 * @param {import('./places.mjs').Place} given.place
 * @param {number} given.rows
 * @param {import('tokenkeep').TokenKeepOptions} given.options of the holder
 * @param {(ids: string[]) => Joined} given.join has others ask, too: when the holder has all leases
 *   if it comes that far
 * @param {'call' | 'settle'} [given.command] what the holder is told to do
 * @param {boolean} [given.rotate] whether the provider rotates
 * @param {boolean} [given.lenient] the provider refuses a spent token, and no more
 * @param {(stand: TwoProcesses & { joined: Joined }) => Promise<Result>} work
 */
export async function withTwoProcesses(scene, given, work) {
  const { place, rows, options, join, command = 'settle' } = given;
  const users = await scene.connect(rows);
  if (place.revoked) for (const { refreshToken } of users) scene.endpoint.revoke(refreshToken);
  const ids = users.map(({ id }) => id);
  const proxy = await startPostgresProxy(scene.databaseUrl);
  const [gate, requests] = [new Gate(ids), new Gate(ids)];
  if (place.step) gate.holdStatements(proxy, place.step, place.when);
  holdRequests(scene, users, given, place.step ? requests : gate);

  const maxConnections = rows + spareConnections;
  const own = { databaseUrl: proxy.url, waitMs, maxConnections, ...options };
  let holder;
  try {
    holder = await Process.start(scene.options(holderName, own));
    const held = holder[command](ids);
    const stands = () => inTime(place.combined ? gate.first : gate.full, gate);
    await (isBeforeRequest(place) || !place.step ? stands() : inTime(requests.full, requests));
    const joined = join(ids);
    requests.open();
    await stands();
    return await work({ users, holder, proxy, gate, held, joined });
  } finally {
    gate.open({ do: 'cut-before' });
    requests.open();
    await holder?.kill();
    await proxy.close();
  }
}

/** The holder's first request for each row waits at the gate. */
function holdRequests({ endpoint }, users, { place, rotate = true, lenient = false }, gate) {
  const refusal = { status: 400, body: { error: 'invalid_grant' } };
  const rows = new Map(users.map(({ id, refreshToken }) => [refreshToken, id]));
  endpoint.script(async ({ refreshToken, form }) => {
    const row = form.client_secret === holderName ? rows.get(refreshToken) : undefined;
    if (row && !gate.holds(row)) {
      await gate.arrive(row);
      return { rotate, ...place.answer };
    }
    return lenient && !endpoint.isAlive(refreshToken) ? refusal : { rotate };
  });
}

async function inTime(work, gate) {
  let timer;
  const tooLate = new Promise((_, reject) => {
    const fail = () => reject(new TooSlow(`Only ${gate.size} rows came to the gate`));
    timer = setTimeout(fail, tooLateMs);
  });
  await Promise.race([work, tooLate]).finally(() => clearTimeout(timer));
}
