/** Loads the addon, once; says what to do when it is not there. */

import type * as Native from '../index';
import { NativeMissingError } from './errors';

/** How the names of the packages with binaries begin. */
const PACKAGE = '@tokenkeep/native';

function load(): typeof Native {
  try {
    return require('../native.js') as typeof Native;
  } catch (cause) {
    throw new NativeMissingError(missing(), { cause });
  }
}

function missing(): string {
  const machine = `${process.platform}-${process.arch}`;
  const { optionalDependencies } = require('../package.json') as Manifest;
  if (!optionalDependencies) {
    return (
      `The native part of tokenkeep is not built for ${machine}. In a checkout run: npm run build; ` +
      'a tarball of npm run pack -- --local is for machines like the one that packed it'
    );
  }
  const published = Object.keys(optionalDependencies);
  const ours = published.filter((name) => `${name}-`.startsWith(`${PACKAGE}-${machine}-`));
  if (ours.length === 0) {
    return `There is no native part of tokenkeep for ${machine}, only ${published.join(', ')}`;
  }
  return (
    `The native part of tokenkeep (${ours.join(' or ')}) is missing, or does not load here. ` +
    'Install again on this machine, with optional dependencies; for an image for other machines, ' +
    'with --os, --cpu and --libc (npm) or supportedArchitectures (pnpm)'
  );
}

/** What is published names its binaries; a checkout and a tarball for one machine do not. */
interface Manifest {
  optionalDependencies?: Record<string, string>;
}

/** The addon's exports. */
export const native = load();
