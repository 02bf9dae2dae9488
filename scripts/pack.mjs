// Lays out what is published: the root package without binaries, and one package for each addon; with
// --tarballs packs them, too, and writes their hashes:
// npm run pack [-- --addons folder] [--out folder] [--repository owner/name] [--all] [--tarballs folder]
import { parseArgs } from 'node:util';
import { join, resolve } from 'node:path';

import { layOut } from './packages/lay-out.mjs';
import { packTarballs } from './packages/tarballs.mjs';
import { root } from './run.mjs';

const { values } = parseArgs({
  options: {
    addons: { type: 'string', default: root },
    out: { type: 'string', default: join(root, 'target/packages') },
    repository: { type: 'string' },
    all: { type: 'boolean', default: false },
    tarballs: { type: 'string' },
  },
});
const folders = layOut(values);
const packed = values.tarballs ? packTarballs(folders, resolve(values.tarballs)) : folders;
for (const path of packed) console.log(path);
