/** The versions that the folders of the servers pin. */
import { readFileSync } from 'node:fs';

/** @param {string} name of the folder @param {string} dependency */
export function pinnedNpm(name, dependency) {
  const file = new URL(`${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')).dependencies[dependency];
}

/** @param {string} name of the folder @param {string} dependency */
export function pinnedPip(name, dependency) {
  const lines = readFileSync(new URL(`${name}/requirements.txt`, import.meta.url), 'utf8').split(
    '\n',
  );
  const line = lines.find((each) => each.startsWith(`${dependency}==`));
  return line.slice(dependency.length + 2).split(' ')[0];
}
