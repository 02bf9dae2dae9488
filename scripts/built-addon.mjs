/**
 * Records how the addon was built, and from which sources: the addon itself does not show it on every platform.
 * By this record demo and tests know whether they can use the release build that is already there.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the addon is made of; `index.d.ts` is committed, but the build writes it. */
const SOURCES = [
  'src',
  'migrations',
  'build.rs',
  'Cargo.toml',
  'Cargo.lock',
  'rust-toolchain.toml',
  'index.d.ts',
];

/** Made by the same command as the addon. */
const LOADER = 'native.js';

/**
 * @typedef {object} Note
 * @property {'debug' | 'release'} profile cargo's
 * @property {string} addon the file's name
 * @property {number} bytes its size
 * @property {string} sources a hash
 */

const noteOf = (checkout) => join(checkout, 'target/addon.json');

/** Records the addon that was just built. @param {string} checkout @param {Note['profile']} profile */
export function noteBuild(checkout, profile) {
  const [addon] = addonsOf(checkout).sort((a, b) => b.builtAt - a.builtAt);
  /** @type {Note} */
  const note = { profile, addon: addon.name, bytes: addon.bytes, sources: hashOf(checkout) };
  mkdirSync(join(checkout, 'target'), { recursive: true });
  writeFileSync(noteOf(checkout), `${JSON.stringify(note, null, 2)}\n`);
}

/** `undefined` if it was not built by `npm run build`. @param {string} checkout */
export function builtProfile(checkout) {
  return readNote(checkout)?.profile;
}

/** Whether the addon was built from what the checkout contains now; `undefined` if nobody knows. @param {string} checkout */
export function builtFromSources(checkout) {
  const note = readNote(checkout);
  return note && note.sources === hashOf(checkout);
}

/** Whether a release build for this machine is there that is made of the present sources. @param {string} checkout */
export function hasCurrentRelease(checkout) {
  const machine = `tokenkeep.${process.platform}-${process.arch}`;
  const note = readNote(checkout);
  return (
    note?.profile === 'release' &&
    note.addon.startsWith(machine) &&
    existsSync(join(checkout, LOADER)) &&
    note.sources === hashOf(checkout)
  );
}

/** `undefined` without a record, or if another file lies in the addon's place. @returns {Note | undefined} */
function readNote(checkout) {
  const path = noteOf(checkout);
  if (!existsSync(path)) return undefined;
  const note = JSON.parse(readFileSync(path, 'utf8'));
  const addon = join(checkout, note.addon);
  return existsSync(addon) && statSync(addon).size === note.bytes ? note : undefined;
}

function addonsOf(checkout) {
  return readdirSync(checkout)
    .filter((name) => name.endsWith('.node'))
    .map((name) => {
      const { size: bytes, mtimeMs: builtAt } = statSync(join(checkout, name));
      return { name, bytes, builtAt };
    });
}

/** A hash of names and contents: a checkout of another commit changes times, and often nothing else. */
function hashOf(checkout) {
  const hash = createHash('sha256');
  for (const name of SOURCES.flatMap((source) => filesOf(checkout, source))) {
    const content = readFileSync(join(checkout, name));
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** The files of a source, which is a file or a folder. */
function filesOf(checkout, source) {
  const path = join(checkout, source);
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [source];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesOf(checkout, join(source, name)));
}
