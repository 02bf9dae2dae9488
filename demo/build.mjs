import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { builtProfile } from '../scripts/built-addon.mjs';

/** An error that is printed without a stack. */
export class DemoError extends Error {}

const root = fileURLToPath(new URL('..', import.meta.url));
const windows = process.platform === 'win32';
const oldestCargo = [1, 88];
const tailLines = 30;

/**
 * Builds the addon and its JavaScript. Incremental: fast without changes. A release build of the same sources
 * stays.
 *
 * @param {import('./screen.mjs').Screen} screen
 * @param {(cleanup: () => void | Promise<void>) => void} defer
 */
export async function build(screen, defer) {
  requireCargo();
  const log = [];
  const before = builtProfile(root);
  const run = (report) => runBuild((text) => follow(text, log, report), defer);
  try {
    await screen.step('build tokenkeep', run, () => `a ${builtProfile(root)} build`);
  } catch (error) {
    screen.quote(log.slice(-tailLines).join('\n'));
    throw error;
  }
  if (before === 'release' && builtProfile(root) === 'debug') {
    screen.note('it replaces a release build of other sources: npm run build makes a new one');
  }
}

function requireCargo() {
  const { status, stdout } = spawnSync('cargo', ['--version'], { cwd: root, encoding: 'utf8' });
  const [major, minor] =
    /(\d+)\.(\d+)/
      .exec(stdout ?? '')
      ?.slice(1)
      .map(Number) ?? [];
  const enough = major > oldestCargo[0] || (major === oldestCargo[0] && minor >= oldestCargo[1]);
  if (status === 0 && enough) return;
  throw new DemoError(
    `tokenkeep is built from source here and needs Rust (cargo) ${oldestCargo.join('.')} or ` +
      'newer; install it from rustup.rs',
  );
}

/** Keeps the log in case of a failure, and extracts cargo's progress. */
function follow(text, log, report) {
  for (const line of text.split(/[\r\n]+/)) {
    const progress = /Building \[.*\] (\d+\/\d+): ([\w-]+)/.exec(line);
    const crate = /^\s*(Compiling|Downloading|Downloaded) (\S+)/.exec(line);
    if (progress) report(`crate ${progress[1]}, ${progress[2]}`);
    else if (crate) report(`${crate[1].toLowerCase()} ${crate[2]}`);
    if (line.trim() && !progress) log.push(line);
  }
}

async function runBuild(listen, defer) {
  const child = spawn(process.execPath, ['scripts/build.mjs', '--keep-release'], {
    cwd: root,
    env: {
      ...process.env,
      CARGO_TERM_COLOR: 'never',
      CARGO_TERM_PROGRESS_WHEN: 'always',
      CARGO_TERM_PROGRESS_WIDTH: '100',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A separate process group, so that an interruption ends cargo and rustc, too.
    detached: !windows,
  });
  defer(() => stop(child));
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', listen);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new DemoError('The build failed: the end of its log is above.');
}

function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  if (windows) child.kill();
  else process.kill(-child.pid, 'SIGTERM');
}
