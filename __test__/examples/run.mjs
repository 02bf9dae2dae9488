/**
 * The applications in `examples/`, each installed, built and started as its README says, on a real
 * PostgreSQL, with a real OAuth server in Google's place: `npm run test:examples`;
 * `-- --only hono,next` for some of them. Those that have tests of their own run them instead.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { startPostgres } from '../../support/postgres.mjs';
import { Application } from './application.mjs';
import { folder, pack, prepare, runTests, versionOf } from './install.mjs';
import { journey } from './journey.mjs';
import { startScene } from './scene.mjs';

const usage = 'npm run test:examples -- [--only name,…]';

try {
  process.exitCode = await main(readOptions());
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}

function readOptions() {
  try {
    const { values } = parseArgs({ options: { only: { type: 'string' } } });
    return { only: values.only?.split(',') };
  } catch (error) {
    return { problem: error.message };
  }
}

async function main({ problem, only }) {
  const entries = await readdir(folder(''));
  const names = entries.filter((name) => existsSync(folder(`${name}/package.json`))).sort();
  const unknown = only?.find((name) => !names.includes(name));
  if (problem || unknown) {
    console.error(
      `${problem ?? `There is no example ${unknown}, only ${names.join(', ')}`}\n${usage}`,
    );
    return 2;
  }
  const tarball = await pack();
  const server = await startPostgres();
  const results = [];
  try {
    for (const name of only ?? names) results.push(await tryOut(name, tarball, server));
  } finally {
    await server.stop();
  }
  console.table(Object.fromEntries(results.map(({ name, ...result }) => [name, result])));
  return results.every(({ passed }) => passed) ? 0 : 1;
}

/** @param {string} name @param {string} tarball @param {import('../../support/postgres.mjs').Database} server */
async function tryOut(name, tarball, server) {
  const began = performance.now();
  const say = (text) => {
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    console.error(`· ${name} ${seconds} s: ${text}`);
  };
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
  const seconds = Number(((performance.now() - began) / 1_000).toFixed(1));
  return { name, ...(await versionOf(name)), passed, seconds };
}

/** As its users do, from the first page to SIGTERM. */
async function goThrough(name, server, say) {
  const scene = await startScene(name, server);
  let application;
  try {
    application = await Application.start(name, scene);
    say('started');
    await journey(application.origin, scene, say);
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
