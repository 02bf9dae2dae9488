// Lays out what is published: the root package without binaries, and one package for each addon:
// npm run pack [-- --addons folder] [--out folder] [--repository owner/name] [--all]
import { parseArgs } from 'node:util';
import { join } from 'node:path';

import { layOut } from './packages/lay-out.mjs';
import { root } from './run.mjs';

const { values } = parseArgs({
  options: {
    addons: { type: 'string', default: root },
    out: { type: 'string', default: join(root, 'target/packages') },
    repository: { type: 'string' },
    all: { type: 'boolean', default: false },
  },
});
for (const folder of layOut(values)) console.log(folder);
