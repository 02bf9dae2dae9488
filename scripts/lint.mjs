// The rules of this code that no linter knows: which module may import which, and the form of regular
// expressions. Fails with a line for each fault.
import { importFaults } from './lint/imports.mjs';
import { patternFaults } from './lint/regular-expressions.mjs';
import { root } from './run.mjs';

const faults = [...importFaults(root), ...patternFaults(root)];
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
