import { startPostgresProxy } from '../../../support/postgres-proxy.mjs';
import { Gate } from '../gate.mjs';
import { Process } from '../process.mjs';
import { isBeforeRequest } from './places.mjs';

/** The holder needs a connection for every row that is to stand at its gate, and some to look. */
const spareConnections = 8;
/** Longer than any lease, takeover and refresh takes: what callers get is the flight's outcome. */
const waitMs = 120_000;
const tooLateMs = 60_000;

/** The names of both processes in the provider's record. */
export const holderName = 'holder';
export const otherName = 'other';

/** What the second process is opened with. @param {import('../scene.mjs').Scene} scene */
export function otherOptions(scene, limitsDivisor) {
  return scene.options(otherName, { limitsDivisor, waitMs });
}

/**
 * Two processes want the same rows at the same time. The holder is faster, and has come with all of
 * them to the gate.
 *
 * @typedef {object} StandOff
 * @property {import('../rows.mjs').User[]} users
 * @property {Process} holder
 * @property {import('../../../support/postgres-proxy.mjs').PostgresProxy} proxy the holder's
 * @property {Gate} gate
 * @property {Promise<any>} held what the holder was asked
 */

/**
 * Leads there, and has `work` go on from there; whatever comes of it, the holder has ended then.
 *
 * @template Joined, Result
 * @param {import('../scene.mjs').Scene} scene
 * @param {object} given
 * @param {import('./places.mjs').Place} given.place
 * @param {number} given.rows
 * @param {import('tokenkeep').TokenKeepOptions} given.options of the holder
 * @param {(ids: string[]) => Joined} given.join has others ask, too: when the holder has all leases
 *   if it comes that far
 * @param {'ask' | 'settle'} [given.asks] how the holder is asked
 * @param {(stand: StandOff & { joined: Joined }) => Promise<Result>} work
 */
export async function standOff(scene, { place, rows, options, join, asks = 'settle' }, work) {
  const users = await scene.connect(rows);
  if (place.revoked) for (const { refreshToken } of users) scene.endpoint.revoke(refreshToken);
  const ids = users.map(({ id }) => id);
  const proxy = await startPostgresProxy(scene.databaseUrl);
  const [gate, requests] = [new Gate(ids), new Gate(ids)];
  if (place.step) gate.holdStatements(proxy, place.step, place.when);
  holdRequests(scene, users, place, place.step ? requests : gate);

  const maxConnections = rows + spareConnections;
  const own = { databaseUrl: proxy.url, waitMs, maxConnections, ...options };
  let holder;
  try {
    holder = await Process.start(scene.options(holderName, own));
    const held = holder[asks](ids);
    const comesFirst = isBeforeRequest(place) || !place.step ? gate : requests;
    await full(comesFirst);
    const joined = join(ids);
    requests.open();
    await full(gate);
    return await work({ users, holder, proxy, gate, held, joined });
  } finally {
    gate.open({ do: 'cut-before' });
    requests.open();
    await holder?.kill();
    await proxy.close();
  }
}

/** The holder's first request for each row waits at the gate. */
function holdRequests({ endpoint }, users, { answer }, gate) {
  const rows = new Map(users.map(({ id, refreshToken }) => [refreshToken, id]));
  endpoint.script(async ({ refreshToken, form }) => {
    const row = form.client_id === holderName ? rows.get(refreshToken) : undefined;
    if (!row || gate.holds(row)) return undefined;
    await gate.arrive(row);
    return answer;
  });
}

async function full(gate) {
  let timer;
  const tooLate = new Promise((_, reject) => {
    const fail = () => reject(new Error(`Only ${gate.size} rows came to the gate`));
    timer = setTimeout(fail, tooLateMs);
  });
  await Promise.race([gate.full, tooLate]).finally(() => clearTimeout(timer));
}
