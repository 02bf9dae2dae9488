/** Unpacks packages of another Debian release into a folder, without installing them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCES = '/etc/apt/sources.list.d/debian.sources';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Downloads packages, which apt verifies, and unpacks them into `folder`/root, which exists only if all
 * of them were unpacked.
 *
 * @param {string} release such as `trixie`
 * @param {string[]} packages including their libraries
 * @param {string} folder
 * @returns {string} the root
 */
export function unpackDebian(release, packages, folder) {
  const work = join(folder, 'unpacking');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'lists/partial'), { recursive: true });
  const mirror = /^URIs: *(\S+)/m.exec(readFileSync(SOURCES, 'utf8'))[1];
  writeFileSync(
    join(work, 'sources.list'),
    `deb [signed-by=${KEYRING}] ${mirror} ${release} main\n`,
  );
  const options = [
    `Dir::Etc::sourcelist=${join(work, 'sources.list')}`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::lists=${join(work, 'lists')}`,
    'APT::Architectures=amd64',
    'APT::Sandbox::User=',
  ].flatMap((option) => ['-o', option]);
  run(work, 'apt-get', '-q', ...options, 'update');
  run(work, 'apt-get', '-q', ...options, 'download', ...packages);
  for (const file of readdirSync(work).filter((name) => name.endsWith('.deb'))) {
    run(work, 'dpkg', '-x', file, 'root');
  }
  const root = join(folder, 'root');
  rmSync(root, { recursive: true, force: true });
  renameSync(join(work, 'root'), root);
  rmSync(work, { recursive: true });
  return root;
}

function run(cwd, command, ...args) {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}
