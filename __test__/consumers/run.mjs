/**
 * Applications of all kinds, each installed from a registry on loopback as from the public one, or from the
 * local tarball, on a real PostgreSQL: `npm run test:consumers`; `-- --short` for a quarter of it,
 * `-- --only jest,next` for some.
 * What was built last is published: of `npm run build:targets` with `-- --addons target/addons`.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createTokenKeep } from '../../dist/index.js';
import { layOut, nameOf } from '../../scripts/packages/lay-out.mjs';
import { packLocal } from '../../scripts/packages/local.mjs';
import { packTarballs } from '../../scripts/packages/tarballs.mjs';
import { startPostgres } from '../../support/postgres.mjs';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { readOptions } from '../runner/options.mjs';
import { stopwatch } from '../runner/run.mjs';
import { lean } from './addons.mjs';
import { Consumer, command } from './consumer.mjs';
import { Registry } from './registry.mjs';

const root = join(import.meta.dirname, '../..');
// Outside of the checkout, whose modules and settings would be found.
const work = join(tmpdir(), 'tokenkeep-consumers');
const tools = join(root, 'target/consumer-tools');
const modules = join(tools, 'node_modules');
const names = readdirSync(join(import.meta.dirname, 'apps')).sort();

/** How often consumers do what must go well each time. */
const FULL = { JOB_WORKERS: '200', JOB_RUNS: '1000', JOB_CALLS: '1000000' };
const SHORT = { JOB_WORKERS: '20', JOB_RUNS: '24', JOB_CALLS: '100000' };

const options = readOptions({
  usage: 'npm run test:consumers -- [--short] [--addons folder] [--only name,…]',
  kind: 'consumer',
  names,
  options: { short: { type: 'boolean', default: false }, addons: { type: 'string' } },
});
process.exitCode = (await main(options)) ? 0 : 1;

async function main({ short, addons, only }) {
  const seconds = stopwatch();
  const say = (text) => console.error(`· ${seconds().toFixed(0)} s: ${text}`);
  const ours = lean(root, join(work, 'addons'));
  const packages = layOut({ addons: addons ?? ours, out: join(work, 'packages') });
  await installTools();
  const scene = await startScene();
  const registry = await Registry.start(modules, join(work, 'registry'));
  const results = {};
  try {
    for (const tarball of packTarballs(packages, join(work, 'tarballs'))) registry.publish(tarball);
    say(`published ${packages.map(nameOf).join(', ')}`);
    packForLocalApplications(ours);
    const consumers = (only ?? names).map((name) => new Consumer(name));
    const size = short ? SHORT : FULL;
    const env = { ...scene.env, ...size, PUBLISHED: platforms(packages).join(',') };
    const meant = consumers.filter(({ told }) => isMeant(told, packages));
    const setting = { work, tools: modules, registry, env };
    for (const { name } of meant) results[name] = undefined;
    await inPairs(meant, async (consumer) => {
      results[consumer.name] = await tryOut(consumer, setting, say);
    });
  } finally {
    registry.stop();
    await scene.stop();
    rmSync(work, { recursive: true, force: true });
  }
  console.table(results);
  return Object.values(results).every(({ passed }) => passed);
}

/** Two at a time: while one is downloaded another is run. */
async function inPairs(consumers, run) {
  const left = [...consumers];
  const runRest = async () => {
    for (let next = left.shift(); next; next = left.shift()) await run(next);
  };
  await Promise.all([runRest(), runRest()]);
}

/** Whether a consumer is part of this run. @param {import('./consumer.mjs').Told} told */
function isMeant(told, packages) {
  const name = `@tokenkeep/native-${told.platform}`;
  if (told.platform && !platforms(packages).includes(name)) return false;
  return !options.short || options.only || told.short;
}

async function tryOut(consumer, setting, say) {
  try {
    const { version, installed, seconds } = await consumer.run(setting);
    say(`${consumer.name} passed`);
    return { version, installed, seconds: Number(seconds.toFixed(1)), passed: true };
  } catch (error) {
    say(`${consumer.name} failed`);
    console.error(error);
    return { version: '', installed: '', seconds: 0, passed: false };
  }
}

function platforms(packages) {
  return packages.map(nameOf).filter((name) => name !== 'tokenkeep');
}

/** The local tarball, in a checkout beside the applications. */
function packForLocalApplications(addons) {
  const out = join(work, 'tokenkeep/target');
  mkdirSync(out, { recursive: true });
  packLocal(root, { from: addons, out });
}

/** Verdaccio and the package managers, as their lock file says. */
async function installTools() {
  const source = join(import.meta.dirname, 'tools');
  const lock = (folder) => readFileSync(join(folder, 'package-lock.json'), 'utf8');
  if (existsSync(join(modules, 'verdaccio')) && lock(tools) === lock(source)) return;
  cpSync(source, tools, { recursive: true });
  // Not `npm ci`: registries may lack the packages of pnpm for other machines.
  const args = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
  await command('npm', args, { cwd: tools });
}

/** A database, a token endpoint, and a server that issues its tokens. */
async function startScene() {
  const server = await startPostgres();
  const databaseUrl = await server.createDatabase('consumers');
  const keep = createTokenKeep({ databaseUrl });
  await keep.migrate({ stores: ['gmail', 'integration'] });
  await keep.close();
  const endpoint = await startTokenEndpoint({});
  const issuer = createServer((_, response) => response.end(JSON.stringify(endpoint.issue())));
  await new Promise((resolve) => issuer.listen(0, '127.0.0.1', resolve));
  const key = '0123456789abcdef'.repeat(4);
  return {
    env: {
      DATABASE_URL: databaseUrl,
      GMAIL_ENCRYPTION_KEY: key,
      TOKENKEEP_KEY: key,
      GOOGLE_CLIENT_ID: 'client',
      GOOGLE_CLIENT_SECRET: 'secret',
      TOKENKEEP_GOOGLE_TOKEN_URL: endpoint.url,
      JOB_ISSUE_URL: `http://127.0.0.1:${issuer.address().port}/`,
    },
    async stop() {
      issuer.close();
      await endpoint.close();
      await server.stop();
    },
  };
}
