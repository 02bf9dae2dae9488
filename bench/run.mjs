/**
 * Every benchmark in one run: `npm run bench`. `-- --quick` takes a few minutes, `--against CHECKOUT` measures an
 * older build in the same rounds, `--write` writes bench/RESULTS.md and the picture of the README, and
 * `npm run --silent bench -- --json` prints one JSON object on stdout; `--from FILE` reads such an object, and
 * measures nothing.
 */
import { readFileSync } from 'node:fs';

import { builtFromSources } from '../scripts/built-addon.mjs';
import { Unusable, addonOf, olderCheckout } from './checkout.mjs';
import { root } from './library.mjs';
import { readOptions } from './options.mjs';
import { debugWarning } from './report/machine.mjs';

/** Progress goes to stderr; stdout is for the result. */
const say = (text) => void process.stderr.write(`${text}\n`);

// It would put one addon in the place of both builds.
delete process.env.NAPI_RS_NATIVE_LIBRARY_PATH;

const options = readOptions();
if (typeof options === 'string') {
  say(options);
  process.exitCode = 2;
} else {
  await bench(options);
}

async function bench({ against, from, ...options }) {
  try {
    if (from !== undefined) {
      const result = JSON.parse(readFileSync(from, 'utf8'));
      refuseDebug(options, result.environment);
      await show(result, options);
      return;
    }
    const older = against === undefined ? undefined : olderCheckout(against);
    requireBuild({ ...options, older });
    await show(await measure({ ...options, older }), options);
  } catch (error) {
    say(error instanceof Unusable ? error.message : error.stack);
    process.exitCode = 1;
  }
}

async function measure({ quick, only, older }) {
  // Loads the addon.
  const { measureAll } = await import('./all.mjs');
  return measureAll({ quick, only, older, progress: (text) => say(`· ${text}`) });
}

async function show(result, { json, write }) {
  const { report } = await import('./report/index.mjs');
  process.stdout.write(`${json ? JSON.stringify(result) : report(result)}\n`);
  if (!write) return;
  const { writeResults } = await import('./results/write.mjs');
  for (const path of writeResults(result)) say(`wrote ${path}`);
}

function requireBuild({ write, older }) {
  const addon = addonOf();
  if (!addon) throw new Unusable('The addon is not built. Run: npm run build');
  refuseDebug({ write }, { addon, older });
  if (addon.debug) say(debugWarning);
  if (older?.addon.debug) {
    say(`!!! --against: the addon of ${older.path} is a debug build, which is slow. !!!`);
  }
  if (builtFromSources(root) === false) {
    say(
      '!!! The addon was built from other sources than those of this checkout: npm run build !!!',
    );
  }
}

function refuseDebug({ write }, { addon, older }) {
  if (write && (addon.debug || older?.addon.debug)) {
    throw new Unusable('--write: figures of a debug build are not written');
  }
}
