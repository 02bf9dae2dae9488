/** Loads the addon, once; says what to do when it is not there. */

import type * as Native from '../index';
import { NativeMissingError } from './errors';

function load(): typeof Native {
  try {
    return require('../native.js') as typeof Native;
  } catch (cause) {
    throw new NativeMissingError(
      `The native part of tokenkeep is missing for ${process.platform}-${process.arch} (Node ${process.versions.node}). ` +
        'In a checkout, run: npm run build. In an application, install again with optional dependencies',
      { cause },
    );
  }
}

/** The addon's exports. */
export const native = load();
