// Cross-compiles the addon on Linux; needs only package registries:
// npm run build:targets [-- --only linux-arm64-gnu,…]. Needs Python 3 for zig. If rustup
// has no standard library for a target, needs Debian's packages and root.
import { cpSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { addonFile } from './packages/lay-out.mjs';
import { TARGETS } from './packages/targets.mjs';
import { root, run } from './run.mjs';
import { glibcOf } from './targets/glibc.mjs';
import { stripped } from './targets/strip.mjs';
import { standardLibrary } from './targets/standard-library.mjs';
import { installZig } from './targets/zig.mjs';

const crossing = TARGETS.filter(({ crosses }) => crosses);
const names = crossing.map(({ platform }) => platform);
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: names.join(',') },
    out: { type: 'string', default: join(root, 'target/addons') },
  },
});
const only = values.only.split(',');
const unknown = only.find((name) => !names.includes(name));
if (unknown) {
  console.error(`Unknown target ${unknown}. Use ${names.join(', ')}`);
  process.exit(2);
}

mkdirSync(values.out, { recursive: true });
const zig = installZig(join(root, 'target/cross/zig'));
for (const target of crossing.filter(({ platform }) => only.includes(platform))) {
  const file = join(values.out, addonFile(target.platform));
  cpSync(stripped(build(target)), file);
  const needs = glibcOf(file);
  if (needs !== target.glibc) {
    throw new Error(
      `${file} needs glibc ${needs}, but its target allows ${target.glibc ?? 'none'}`,
    );
  }
  console.log(`${file}: ${needs ? `glibc ${needs}` : 'no glibc'}, ${statSync(file).size} bytes`);
}

/** @param {import('./packages/targets.mjs').Target} target @returns {string} the library */
function build({ triple, glibc }) {
  const { cargo, env, args } = standardLibrary(triple);
  const folder = join(root, 'target/cross', triple);
  const named = glibc ? `${triple}.${glibc}` : triple;
  run(cargo, ['zigbuild', '--lib', '--release', '--target', named, ...args], {
    ...env,
    PATH: `${zig}:${process.env.PATH}`,
    CARGO_TARGET_DIR: folder,
  });
  return join(folder, triple, 'release/libtokenkeep.so');
}
