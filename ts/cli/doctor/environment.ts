/** Checks this machine: Node, the addon and the variables. */

import { type Check, ok, problem, split, warning } from './check';

/** The oldest Node that is supported. */
const OLDEST = [20, 17] as const;

/** Whether tokenkeep supports this version of Node. */
export function nodeCheck(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  const values = { version };
  return isOld
    ? warning(
        'environment.node',
        `Node ${version} is older than ${OLDEST.join('.')}, the oldest supported version.`,
        'Update Node.',
        values,
      )
    : ok('environment.node', `Node ${version}.`, values);
}

/** Whether the variables have valid values; `failure` is what reading them threw. */
export function variablesCheck(failure?: unknown): Check {
  const id = 'environment.variables';
  if (failure === undefined)
    return ok(id, 'The variables that switch something on or off have valid values.');
  const { found, fix } = split(failure instanceof Error ? failure.message : String(failure));
  return problem(id, found, fix);
}

/** Whether the addon was loaded; `failure` is what loading it threw. */
export function addonCheck(tokenkeep: string, failure?: unknown): Check {
  const machine = `${process.platform}-${process.arch}`;
  const values = { tokenkeep, platform: process.platform, arch: process.arch };
  if (failure === undefined) {
    return ok('environment.addon', `tokenkeep ${tokenkeep} runs on ${machine}.`, values);
  }
  const { found, fix } = split(failure instanceof Error ? failure.message : String(failure));
  return problem('environment.addon', found, fix, values);
}
