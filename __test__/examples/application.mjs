import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { delimiter } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { folder, manifest } from './install.mjs';

/** How long an example may take to listen, and to end. */
const PATIENCE_MS = 30_000;
const END_MS = 10_000;

/** An example as a process, in a group of its own. */
export class Application {
  /** All that it has printed. */
  output = '';
  #child;
  #exited;

  /** @param {string} name @param {import('./scene.mjs').Scene} scene */
  static async start(name, { origin, settings }) {
    const { scripts } = await manifest(`${name}/package.json`);
    const application = new Application(name, origin, scripts.start, settings);
    await application.#answers();
    return application;
  }

  constructor(name, origin, command, settings) {
    this.origin = origin;
    const path = [folder(`${name}/node_modules/.bin`), process.env.PATH].join(delimiter);
    // As `npm start` does it, with neither npm nor a shell between us: the signal is for the example.
    const replacing = command.includes('exec ') ? command : `exec ${command}`;
    this.#child = spawn('sh', ['-c', replacing], {
      cwd: folder(name),
      env: { ...process.env, ...settings, PATH: path, NEXT_TELEMETRY_DISABLED: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#exited = once(this.#child, 'exit');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.output += text));
    }
  }

  async #answers() {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = await fetch(this.origin).catch(() => undefined);
      if (answer?.ok) return;
      if (this.#child.exitCode !== null || Date.now() > until) {
        this.kill();
        throw new Error(`It does not answer: ${await answer?.text()}\n${this.output}`);
      }
      await sleep(50);
    }
  }

  /** Tells it to end, and has it end by itself, with code 0. */
  async stop() {
    const { hostname, port } = new URL(this.origin);
    // As a browser that has opened a connection in case it is needed: nothing is ever sent on it.
    const idle = connect(Number(port), hostname).on('error', () => {});
    await once(idle, 'connect');
    this.#child.kill('SIGTERM');
    const ended = await Promise.race([this.#exited, sleep(END_MS, undefined, { ref: false })]);
    idle.destroy();
    if (!ended) throw new Error(`It goes on ${END_MS / 1_000} s after SIGTERM`);
    const [code, signal] = ended;
    if (code !== 0) throw new Error(`SIGTERM ends it with ${code ?? signal}`);
  }

  /** Ends it and whatever it has started, if there is anything left. */
  kill() {
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }
}
