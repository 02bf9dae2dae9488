/** Loads the addon, once; says what to do when it is not there. */

import type * as Native from '../../index';
import { NativeMissingError } from '../errors/errors';

/** How the names of the packages with binaries begin. */
const PACKAGE = '@tokenkeep/native';

function load(): typeof Native {
  try {
    return require('../../native.js') as typeof Native;
  } catch (cause) {
    throw new NativeMissingError(forbidden(cause) ?? missing(), { cause });
  }
}

/**
 * Who forbids to load it, when somebody does. Read off the texts: the addon's loader makes new errors of
 * what it has tried, without their codes (`ERR_DLOPEN_DISABLED`, `ERR_ACCESS_DENIED`; Deno's `NotCapable`).
 */
function forbidden(cause: unknown): string | undefined {
  for (let error = cause; error instanceof Error; error = error.cause) {
    const { message } = error;
    if (message.includes('loading addons is disabled')) {
      return process.permission
        ? 'The permission model of Node forbids addons, and the native part of tokenkeep is one. Start Node with --allow-addons, too'
        : 'This process runs with --no-addons, and the native part of tokenkeep is an addon. Start it without';
    }
    if (message.startsWith('Access to this API has been restricted')) {
      return `The permission model of Node forbids to read the native part of tokenkeep. Start Node with --allow-fs-read for the folder node_modules that has tokenkeep and ${PACKAGE}-… in it, and with --allow-addons`;
    }
    const [, access] = /^Requires (\w+) access/.exec(message) ?? [];
    if (access) {
      const flags = new Set(['ffi', 'read', 'env', access].map((name) => `--allow-${name}`));
      return `Deno forbids what the native part of tokenkeep needs: ${access} access. Start Deno with ${[...flags].join(' ')}`;
    }
  }
  return undefined;
}

function missing(): string {
  const machine = `${process.platform}-${process.arch}`;
  const { optionalDependencies } = require('../../package.json') as Manifest;
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
