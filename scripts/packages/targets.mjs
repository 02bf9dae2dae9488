/** The targets of the addon; `package.json` has the same triples. */

/**
 * @typedef {object} Target
 * @property {string} triple Rust's name
 * @property {string} platform the end of its package's name: `@tokenkeep/native-<platform>`
 * @property {string} [glibc] the oldest supported version
 * @property {boolean} crosses whether it is built on Linux by `npm run build:targets`; the
 *   publish workflow builds the others on their own platforms
 */

/** @type {Target[]} */
export const TARGETS = [
  { triple: 'x86_64-unknown-linux-gnu', platform: 'linux-x64-gnu', glibc: '2.17', crosses: true },
  {
    triple: 'aarch64-unknown-linux-gnu',
    platform: 'linux-arm64-gnu',
    glibc: '2.17',
    crosses: true,
  },
  { triple: 'x86_64-unknown-linux-musl', platform: 'linux-x64-musl', crosses: true },
  { triple: 'x86_64-pc-windows-msvc', platform: 'win32-x64-msvc', crosses: false },
  { triple: 'x86_64-apple-darwin', platform: 'darwin-x64', crosses: false },
  { triple: 'aarch64-apple-darwin', platform: 'darwin-arm64', crosses: false },
];
