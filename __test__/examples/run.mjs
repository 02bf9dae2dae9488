/**
 * The applications in `examples/`, each installed, built and started as its README says, on a real
 * PostgreSQL, with a real OAuth server in Google's place: `npm run test:examples`;
 * `-- --only hono,next` for some of them. Those that have tests of their own run them instead.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';

import { startPostgres } from '../../support/postgres.mjs';
import { readOptions } from '../runner/options.mjs';
import { stopwatch } from '../runner/run.mjs';
import { Application } from './application.mjs';
import { folder, pack, prepare, runTests, versionOf } from './install.mjs';
import { journey } from './journey.mjs';
import { providersJourney, startProviders } from './providers.mjs';
import { startScene } from './scene.mjs';

const entries = await readdir(folder(''));
const names = entries.filter((name) => existsSync(folder(`${name}/package.json`))).sort();
const { only = names } = readOptions({
  usage: 'npm run test:examples -- [--only name,…]',
  kind: 'example',
  names,
  options: {},
});

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}

async function main() {
  const tarball = await pack();
  const server = await startPostgres();
  const results = [];
  try {
    for (const name of only) results.push(await tryOut(name, tarball, server));
  } finally {
    await server.stop();
  }
  console.table(Object.fromEntries(results.map(({ name, ...result }) => [name, result])));
  return results.every(({ passed }) => passed) ? 0 : 1;
}

/** @param {string} name @param {string} tarball @param {import('../../support/postgres.mjs').Database} server */
async function tryOut(name, tarball, server) {
  const seconds = stopwatch();
  const say = (text) => console.error(`· ${name} ${seconds()} s: ${text}`);
  let passed = true;
  try {
    if (await prepare(name, tarball, say)) {
      runTests(name);
      say('passed its own tests');
    } else {
      await goThrough(name, server, say);
    }
  } catch (error) {
    passed = false;
    console.error(error);
  }
  return { name, ...(await versionOf(name)), passed, seconds: seconds() };
}

/** As its users do, from the first page to SIGTERM. */
async function goThrough(name, server, say) {
  // One example has several providers, the others Google Calendar.
  const [start, go] = name === 'node' ? [startProviders, providersJourney] : [startScene, journey];
  const scene = await start(name, server);
  let application;
  try {
    application = await Application.start(name, scene);
    say('started');
    await go(application.origin, scene, say);
    await application.stop();
    say('stopped');
  } catch (error) {
    console.error(application?.output ?? '');
    throw error;
  } finally {
    application?.kill();
    await scene.end();
  }
}
