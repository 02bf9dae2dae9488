// Creates the packages to publish: the root package without binaries, and one package per addon. With
// --tarballs, also packs them and writes their hashes:
// npm run pack [-- --addons folder] [--out folder] [--repository owner/name] [--all] [--tarballs folder].
// Or packs the last build into one tarball, for applications on this machine: npm run pack -- --local
import { parseArgs } from 'node:util';
import { join, resolve } from 'node:path';

import { layOut } from './packages/lay-out.mjs';
import { packLocal, warningsFor } from './packages/local.mjs';
import { packTarballs } from './packages/tarballs.mjs';
import { root } from './run.mjs';

const { values } = parseArgs({
  options: {
    addons: { type: 'string', default: root },
    out: { type: 'string', default: join(root, 'target/packages') },
    repository: { type: 'string' },
    all: { type: 'boolean', default: false },
    tarballs: { type: 'string' },
    local: { type: 'boolean', default: false },
  },
});
if (values.local) local();
else published();

function published() {
  const folders = layOut(values);
  const packed = values.tarballs ? packTarballs(folders, resolve(values.tarballs)) : folders;
  for (const path of packed) console.log(path);
}

function local() {
  try {
    const tarball = packLocal(root);
    for (const warning of warningsFor(root)) console.warn(`Warning: ${warning}`);
    console.log(`${tarball}\n\nIn the folder of an application:\n\n  npm install ${tarball}\n`);
    console.log('or pnpm add, yarn add, bun add. After each new pack, install it again.');
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
