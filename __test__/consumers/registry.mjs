/** A registry on loopback, with our packages in it; everything else comes from the machine's own. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const READY_MS = 60_000;

export class Registry {
  #process;
  #folder;

  /** @param {string} tools where Verdaccio is installed @param {string} folder for its storage */
  static async start(tools, folder) {
    const registry = new Registry();
    registry.#folder = folder;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const port = await freePort();
    registry.url = `http://127.0.0.1:${port}/`;
    const config = join(folder, 'config.yaml');
    writeFileSync(config, configuration(folder));
    // npm insists on a token; the registry asks for none.
    registry.npmrc = `registry=${registry.url}\n//127.0.0.1:${port}/:_authToken=none\n`;
    const main = join(tools, 'verdaccio/bin/verdaccio');
    registry.#process = spawn(process.execPath, [main, '-c', config, '-l', `127.0.0.1:${port}`], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await registry.#isReady();
    return registry;
  }

  async #isReady() {
    const until = Date.now() + READY_MS;
    while (Date.now() < until && this.#process.exitCode === null) {
      const answer = await fetch(`${this.url}-/ping`).catch(() => undefined);
      if (answer?.ok) return;
      await sleep(100);
    }
    throw new Error('The registry did not start');
  }

  /** As the publish workflow does, but for the statement where it was built. @param {string} tarball */
  publish(tarball) {
    const npmrc = join(this.#folder, 'npmrc');
    writeFileSync(npmrc, this.npmrc);
    const env = { ...process.env, npm_config_userconfig: npmrc };
    execFileSync('npm', ['publish', tarball, '--ignore-scripts', '--loglevel=error'], { env });
  }

  stop() {
    this.#process.kill('SIGKILL');
  }
}

function configuration(folder) {
  const upstream = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();
  return [
    `storage: ${join(folder, 'storage')}`,
    'uplinks:',
    '  upstream:',
    `    url: ${upstream}`,
    '    maxage: 60m',
    '    cache: false',
    'packages:',
    ...["'tokenkeep'", "'@tokenkeep/*'"].flatMap((name) => [
      `  ${name}:`,
      '    access: $all',
      '    publish: $all',
    ]),
    "  '**':",
    '    access: $all',
    '    proxy: upstream',
    'max_body_size: 200mb',
    'log: { type: stderr, format: pretty, level: fatal }',
    '',
  ].join('\n');
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
