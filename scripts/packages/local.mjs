/** Packs the last build into one tarball for this machine, to install tokenkeep before it is published. */
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { builtFromSources, builtProfile } from '../built-addon.mjs';
import { copyRootPackage } from './root-package.mjs';
import { npmPack } from './tarballs.mjs';

/** The outputs of `npm run build` except the addon. */
const BUILT = ['native.js', 'dist/index.js', 'sbom.cdx.json'];

/**
 * Packs the root package with this machine's addon in it, so that it needs no other package.
 *
 * @param {string} checkout
 * @param {{ from?: string, out?: string }} [folders] `from`: the one with the addon; `out`: the tarball's
 * @returns {string} the tarball's path, the same for each pack of a version
 */
export function packLocal(checkout, { from = checkout, out = join(checkout, 'target') } = {}) {
  const addons = addonsOf(checkout);
  const stage = mkdtempSync(join(tmpdir(), 'tokenkeep-pack-'));
  try {
    const manifest = copyRootPackage(checkout, stage);
    for (const addon of addons) cpSync(join(from, addon), join(stage, addon));
    manifest.files.push(...addons);
    // It runs on the same platform only.
    manifest.private = true;
    delete manifest.publishConfig;
    writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    return join(out, npmPack(stage, out));
  } finally {
    rmSync(stage, { recursive: true });
  }
}

/** The names of the addons for this machine; an error unless everything is built. */
function addonsOf(checkout) {
  const machine = `${process.platform}-${process.arch}`;
  const addons = readdirSync(checkout).filter(
    (name) => name.startsWith(`tokenkeep.${machine}`) && name.endsWith('.node'),
  );
  const missing = BUILT.filter((name) => !existsSync(join(checkout, name)));
  if (addons.length === 0) missing.unshift(`the addon for ${machine}`);
  if (missing.length === 0) return addons;
  throw new Error(
    `Nothing to pack: ${missing.join(', ')} is missing in ${checkout}. Run: npm run build`,
  );
}

/** Reasons not to pack the last build. @param {string} checkout @returns {string[]} */
export function warningsFor(checkout) {
  const warnings = [];
  if (builtProfile(checkout) === 'debug') {
    warnings.push('The addon is a debug build, large and slow. For the fast one: npm run build');
  }
  if (builtFromSources(checkout) === false) {
    warnings.push('The addon was built from other sources. To build these: npm run build');
  }
  const builtAt = (name) => statSync(join(checkout, name)).mtimeMs;
  if (addonsOf(checkout).some((addon) => builtAt(addon) > builtAt('dist/index.js'))) {
    warnings.push('dist/ is older than the addon, and may not fit it. To make both: npm run build');
  }
  return warnings;
}
