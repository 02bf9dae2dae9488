/** Loads the addon once. If that fails, the error says what to do. */

import type * as Native from '../../index';
import { NativeMissingError } from '../errors/errors';

/** Names a native instance in its calls, until it is collected. */
export type InstanceHandle = number;

/** The beginning of the names of the packages with binaries. */
const PACKAGE = '@tokenkeep/native';

function load(): typeof Native {
  try {
    return require('../../native.js') as typeof Native;
  } catch (cause) {
    throw new NativeMissingError(forbidden(cause) ?? missing(), { cause });
  }
}

/**
 * The message if a permission forbids loading the addon. Judged by messages, since the addon's loader
 * creates new errors without the codes (`ERR_DLOPEN_DISABLED`, `ERR_ACCESS_DENIED`; Deno's `NotCapable`).
 */
function forbidden(cause: unknown): string | undefined {
  for (let error = cause; error instanceof Error; error = error.cause) {
    const { message } = error;
    if (message.includes('loading addons is disabled')) {
      return process.permission
        ? 'The permission model of Node forbids addons, and the native part of tokenkeep is an addon. Start Node with --allow-addons too'
        : 'This process runs with --no-addons, and the native part of tokenkeep is an addon. Start it without this option';
    }
    if (message.startsWith('Access to this API has been restricted')) {
      return `The permission model of Node forbids reading the native part of tokenkeep. Start Node with --allow-fs-read for the node_modules folder that contains tokenkeep and ${PACKAGE}-…, and with --allow-addons`;
    }
    const [, access] = /^Requires (\w+) access/.exec(message) ?? [];
    if (access) {
      const flags = new Set(['ffi', 'read', 'env', access].map((name) => `--allow-${name}`));
      return `Deno forbids ${access} access, which the native part of tokenkeep needs. Start Deno with ${[...flags].join(' ')}`;
    }
  }
  return undefined;
}

function missing(): string {
  const machine = `${process.platform}-${process.arch}`;
  const { optionalDependencies } = require('../../package.json') as Manifest;
  if (!optionalDependencies) {
    return (
      `The native part of tokenkeep is not built for ${machine}. In a checkout, run: npm run build. ` +
      'A tarball of npm run pack -- --local works only on machines like the one that packed it'
    );
  }
  const published = Object.keys(optionalDependencies);
  const ours = published.filter((name) => `${name}-`.startsWith(`${PACKAGE}-${machine}-`));
  if (ours.length === 0) {
    return `There is no native part of tokenkeep for ${machine}, only ${published.join(', ')}`;
  }
  return (
    `The native part of tokenkeep (${ours.join(' or ')}) is missing or cannot be loaded. ` +
    'Install again on this machine with optional dependencies. To build an image for another machine, ' +
    'use --os, --cpu and --libc (npm) or supportedArchitectures (pnpm)'
  );
}

/** Only a published package names its binaries; a checkout or a local tarball does not. */
interface Manifest {
  optionalDependencies?: Record<string, string>;
}

/** The addon's exports. */
export const native = load();

/** The error for an addon that differs from what this package expects of it. */
export function otherVersion(difference: string): NativeMissingError {
  return new NativeMissingError(
    `The native part of tokenkeep is of another version: ${difference}. Install tokenkeep again, with native packages of the same version; in a checkout run: npm run build`,
  );
}
