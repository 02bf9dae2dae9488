// Which module may import which, in src/ and in ts/, as ARCHITECTURE.md describes it; and what may be
// used in one place only, such as Node-API or the database driver.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A source file.
 *
 * @typedef {object} Source
 * @property {string} path below src/ or ts/, with slashes
 * @property {string} text
 */

/** For each module of the core, those that it may import. A new module needs a line here. */
const RUST = {
  binding: `connect doctor store refresh oauth crypto db config secret error tls`,
  connect: `store refresh oauth crypto db config secret error`,
  // It looks at a database from outside, by the stores' own descriptions of their tables.
  doctor: `refresh crypto db config error`,
  store: `refresh oauth crypto db config secret error`,
  refresh: `oauth crypto db config secret error`,
  oauth: `config secret error tls`,
  crypto: `config secret error`,
  db: `config secret error tls`,
  tls: `error`,
  config: `error`,
  secret: ``,
  error: ``,
  // The crate itself, which names its modules.
  lib: `binding connect doctor store refresh oauth crypto db config secret error tls`,
};

/**
 * For each folder of ts/, the folders that it may import; `type:` where only types may be. The entries
 * at the root may import every one, and nothing imports an entry but an entry.
 */
const TYPESCRIPT = {
  errors: ``,
  input: `errors`,
  bridge: `errors input`,
  settings: `bridge errors input`,
  stores: `bridge errors input settings type:instance`,
  instance: `bridge errors input settings stores`,
  http: `bridge errors input instance settings`,
  testing: `bridge errors input instance stores`,
  cli: `bridge errors http input instance settings stores`,
  drizzle: ``,
  'effect-shared': `bridge input`,
  effect: `effect-shared`,
  effect3: `effect-shared`,
};

/** What has one place in the core, and which files may use it. */
const PLACES = [
  { what: 'Node-API', words: ['napi::', 'napi_derive', '#[napi'], in: ['binding/'] },
  {
    what: 'SQL',
    words: ['SELECT ', 'INSERT INTO', 'UPDATE {', 'DELETE FROM', 'BEGIN '],
    in: ['db/', 'store/', 'doctor/'],
  },
  { what: 'the database driver', words: ['tokio_postgres', 'deadpool'], in: ['db/'] },
  { what: 'the cipher', words: ['aes_gcm'], in: ['crypto/'] },
  { what: 'the HTTP client', words: ['reqwest::'], in: ['oauth/'] },
  { what: 'TLS', words: ['rustls::'], in: ['tls/', 'db/settings.rs'] },
  {
    what: 'a clock',
    words: ['SystemTime::now', 'Instant::now', 'Utc::now'],
    in: [
      'refresh/runtime.rs',
      'oauth/discovery/cache.rs',
      'db/connect.rs',
      'db/idle.rs',
      'db/shared.rs',
    ],
  },
  { what: 'an environment variable', words: ['std::env', 'env::var'], in: [] },
  // The compiler refuses it everywhere but in binding/, where it allows what napi's macros generate.
  { what: 'unsafe code', words: ['unsafe {', 'unsafe fn', 'unsafe impl', 'unsafe extern'], in: [] },
];

/** @param {Source[]} files of src/ @returns {string[]} */
export function rustFaults(files) {
  return files.flatMap(({ path, text }) => {
    const code = rustCode(text);
    const own = moduleOf(path, '.rs');
    const allowed = RUST[own]?.split(' ');
    if (!allowed) return [`src/${path}: ${own} is no module that scripts/lint/imports.mjs knows`];
    const groups = code.includes('crate::{') ? ['write one module a line, not crate::{…}'] : [];
    const imported = new Set(Array.from(code.matchAll(/\bcrate::(\w+)/g), ([, name]) => name));
    const forbidden = [...imported].filter((name) => name !== own && !allowed.includes(name));
    const misplaced = PLACES.filter((place) => !place.in.some((start) => path.startsWith(start)))
      .map(({ what, words }) => [what, words.find((word) => code.includes(word))])
      .filter(([, word]) => word !== undefined);
    return [
      ...groups,
      ...forbidden.map((name) => `${own} must not import ${name}`),
      ...misplaced.map(([what, word]) => `${what} must not be used here (${word})`),
    ].map((fault) => `src/${path}: ${fault}`);
  });
}

/** @param {Source[]} files of ts/ @returns {string[]} */
export function typescriptFaults(files) {
  return files.flatMap(({ path, text }) => {
    const own = folderOf(path);
    const allowed = (TYPESCRIPT[own] ?? '').split(' ');
    if (own !== ENTRIES && TYPESCRIPT[own] === undefined) {
      return [`ts/${path}: ${own}/ is no folder that scripts/lint/imports.mjs knows`];
    }
    return importsOf(text).flatMap(({ target, isType }) => {
      const imported = join('ts', path, '..', target).replaceAll('\\', '/');
      // The generated declarations of the addon and package.json lie beside ts/.
      if (!imported.startsWith('ts/')) return [];
      const other = folderOf(imported.slice('ts/'.length));
      const isAllowed =
        own === ENTRIES ||
        own === other ||
        allowed.includes(other) ||
        (isType && allowed.includes(`type:${other}`));
      return isAllowed ? [] : [`ts/${path}: ${own}/ must not import ${other} (${target})`];
    });
  });
}

const ENTRIES = 'entries';

/** @param {string} path below ts/ */
const folderOf = (path) => (path.includes('/') ? path.split('/')[0] : ENTRIES);

/** @param {string} path below src/ @param {string} extension */
const moduleOf = (path, extension) => path.split('/')[0].replace(extension, '');

/** Without comments and tests. @param {string} text */
const rustCode = (text) => text.split('#[cfg(test)]')[0].replace(/^\s*\/\/.*$/gm, '');

/** Relative imports of a TypeScript file. @param {string} text */
function importsOf(text) {
  const code = text.replace(/^\s*(\/\/|\/?\*).*$/gm, '');
  const statements = code.matchAll(
    /\b(import|export)\s+(type\s+)?(?:[^'"();]*?\sfrom\s+)?['"](\.[^'"]*)['"]/g,
  );
  const calls = code.matchAll(/\b(?:import|require)\(\s*['"](\.[^'"]*)['"]/g);
  return [
    ...Array.from(statements, ([, , type, target]) => ({ target, isType: Boolean(type) })),
    ...Array.from(calls, ([, target]) => ({ target, isType: false })),
  ];
}

/** @param {string} folder @param {string} extension @returns {Source[]} */
function sources(folder, extension) {
  return readdirSync(folder, { recursive: true })
    .filter((path) => path.endsWith(extension))
    .map((path) => ({
      path: path.replaceAll('\\', '/'),
      text: readFileSync(join(folder, path), 'utf8'),
    }));
}

/** All faults of a checkout. @param {string} root */
export function importFaults(root) {
  return [
    ...rustFaults(sources(join(root, 'src'), '.rs')),
    ...typescriptFaults(sources(join(root, 'ts'), '.ts')),
  ];
}
