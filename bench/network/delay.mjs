import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import pg from 'pg';

import { callersOf, compare } from '../compare.mjs';
import { spread } from '../statistics.mjs';
import { networkReaders } from './readers.mjs';

const proxyFile = fileURLToPath(new URL('./delay-proxy.mjs', import.meta.url));
/** What the proxy adds to a round trip. */
const addedMs = 1;
const roundTrips = 200;

/**
 * Reads through a proxy in a process of its own, which delays what it forwards.
 *
 * @param {import('../compare.mjs').Given} given
 */
export async function measureDelay({ settings, ...given }) {
  const proxy = await startProxy(settings.databaseUrl);
  try {
    const direct = await roundTripMs(settings.databaseUrl);
    // Forwarding takes time, too, which depends on the machine.
    const forwarding = (await roundTripMs(proxy.url)).median - direct.median;
    proxy.setDelay(Math.max(0, addedMs - forwarding) / 2);
    const delayed = await roundTripMs(proxy.url);
    const results = await compare({
      ...given,
      title: 'reads with a delay',
      task: 'read',
      peers: networkReaders,
      loads: callersOf(given.plan.networkCallers),
      settings: { ...settings, databaseUrl: proxy.url },
    });
    return { roundTripMs: { direct, delayed }, results };
  } finally {
    proxy.stop();
  }
}

async function startProxy(databaseUrl) {
  const url = new URL(databaseUrl);
  const child = fork(proxyFile, { stdio: ['ignore', 2, 2, 'ipc'] });
  child.send({ target: { host: url.hostname, port: Number(url.port || 5432) } });
  const [{ port }] = await once(child, 'message');
  url.hostname = '127.0.0.1';
  url.port = `${port}`;
  return {
    url: url.href,
    /** @param {number} delayMs in each direction */
    setDelay: (delayMs) => child.send({ delayMs }),
    stop: () => child.kill('SIGKILL'),
  };
}

/** How long the smallest statement takes. */
async function roundTripMs(url) {
  const client = new pg.Client(url);
  await client.connect();
  const times = [];
  for (let index = 0; index < roundTrips; index++) {
    const start = performance.now();
    await client.query('SELECT');
    times.push(performance.now() - start);
  }
  await client.end();
  return spread(times);
}
