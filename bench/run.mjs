/**
 * Every benchmark in one run: `npm run bench`; `npm run --silent bench -- --json` for one JSON
 * object on stdout, `-- --quick` for a quick run in under two minutes.
 */
import { parseArgs } from 'node:util';

import { addon } from './environment.mjs';
import { debugWarning, report } from './report.mjs';

const usual = ['crypto', 'reads', 'writes', 'tenants', 'storm', 'vault', 'integration'];
/** Runs only on request: its table takes 12 GB and minutes to create. */
const names = [...usual, 'growth'];
const usage = `npm run bench -- [--quick] [--json] [--only ${names.join(',')}]`;

/** Progress goes to stderr; stdout is for the result. */
const say = (text) => void process.stderr.write(`${text}\n`);

const options = readOptions();
if (typeof options === 'string') {
  say(options);
  process.exitCode = 2;
} else {
  await bench(options);
}

/** The parsed arguments, or what is wrong with them. */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        only: { type: 'string', default: usual.join(',') },
      },
    });
    const only = values.only.split(',');
    return only.every((name) => names.includes(name)) ? { ...values, only } : usage;
  } catch (error) {
    return `${error.message}\n${usage}`;
  }
}

async function bench({ quick, json, only }) {
  const built = addon();
  if (!built) {
    say('The addon is not built. Run: npm run build');
    process.exitCode = 1;
    return;
  }
  if (built.debug) say(debugWarning);
  // Loads the addon.
  const { measureAll } = await import('./all.mjs');
  try {
    const result = await measureAll({ quick, only, progress: (text) => say(`· ${text}`) });
    process.stdout.write(`${json ? JSON.stringify(result) : report(result)}\n`);
  } catch (error) {
    say(error.stack);
    process.exitCode = 1;
  }
}
