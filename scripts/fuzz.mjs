// Runs each fuzz target of __test__/fuzz for a limited time:
// npm run fuzz -- --seconds 60 [--only sealed_value,key_ring]
import { parseArgs } from 'node:util';

import { build, targets } from './fuzz/build.mjs';
import { fuzz } from './fuzz/target.mjs';

const names = targets();
const usage = `npm run fuzz -- [--seconds 60] [--only ${names.join(',')}]`;

const options = readOptions();
if (!options) {
  console.error(usage);
  process.exit(2);
}
const binaries = build(options.only);
const crashed = options.only.filter((name) => !fuzz(name, binaries, options.seconds));
if (crashed.length > 0) process.exitCode = 1;

/** The parsed arguments; `undefined` if they are invalid. */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string', default: '60' },
        only: { type: 'string', default: names.join(',') },
      },
    });
    const seconds = Number(values.seconds);
    const only = values.only.split(',');
    if (!Number.isSafeInteger(seconds) || seconds < 1) return undefined;
    return only.every((name) => names.includes(name)) ? { seconds, only } : undefined;
  } catch {
    return undefined;
  }
}
