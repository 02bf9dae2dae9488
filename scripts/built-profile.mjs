/** Records cargo's profile of the built addon, which the addon itself does not show on every platform. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const note = (checkout) => join(checkout, 'target/addon-profile');

/** @param {string} checkout @param {'debug' | 'release'} profile */
export function noteProfile(checkout, profile) {
  mkdirSync(join(checkout, 'target'), { recursive: true });
  writeFileSync(note(checkout), `${profile}\n`);
}

/** @param {string} checkout @returns {string | undefined} `undefined` if it was not built by `npm run build` */
export function builtProfile(checkout) {
  try {
    return readFileSync(note(checkout), 'utf8').trim();
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
