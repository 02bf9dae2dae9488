/** This machine: Node, and the addon. */

import { type Check, ok, problem, split, warning } from './check';

/** The oldest Node that is supported. */
const OLDEST = [20, 17] as const;

/** Whether this Node is one that tokenkeep is tested with. */
export function nodeCheck(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  const values = { version };
  return isOld
    ? warning(
        'environment.node',
        `Node ${version} is older than ${OLDEST.join('.')}, the oldest that tokenkeep is tested with.`,
        'Use a newer Node.',
        values,
      )
    : ok('environment.node', `Node ${version}.`, values);
}

/** Whether the variables can be read; `failure` is what came of it. */
export function variablesCheck(failure?: unknown): Check {
  const id = 'environment.variables';
  if (failure === undefined)
    return ok(id, 'The variables that switch something on or off can be read.');
  const { found, fix } = split(failure instanceof Error ? failure.message : String(failure));
  return problem(id, found, fix);
}

/** Whether the addon was loaded; `failure` is what came of it. */
export function addonCheck(tokenkeep: string, failure?: unknown): Check {
  const machine = `${process.platform}-${process.arch}`;
  const values = { tokenkeep, platform: process.platform, arch: process.arch };
  if (failure === undefined) {
    return ok('environment.addon', `tokenkeep ${tokenkeep} runs on ${machine}.`, values);
  }
  const { found, fix } = split(failure instanceof Error ? failure.message : String(failure));
  return problem('environment.addon', found, fix, values);
}
