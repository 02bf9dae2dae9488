/** The glibc version that a library requires. */
import { execFileSync } from 'node:child_process';

/** The newest version of its symbols, such as `2.17`. @param {string} library */
export function glibcOf(library) {
  const text = execFileSync('readelf', ['--version-info', '--wide', library], { encoding: 'utf8' });
  const versions = [...text.matchAll(/GLIBC_(\d+)\.(\d+)/g)].map(([, major, minor]) => [
    Number(major),
    Number(minor),
  ]);
  const [newest] = versions.sort(([one, two], [three, four]) => three - one || four - two);
  return newest?.join('.');
}
