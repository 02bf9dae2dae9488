/**
 * Every benchmark in one run: `npm run bench`. `-- --quick` takes a few minutes, `--against CHECKOUT` measures an
 * older build in the same rounds, and `npm run --silent bench -- --json` prints one JSON object on stdout.
 */
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

async function bench({ against, ...options }) {
  try {
    const older = against === undefined ? undefined : olderCheckout(against);
    requireBuild(older);
    await measure({ ...options, older });
  } catch (error) {
    say(error instanceof Unusable ? error.message : error.stack);
    process.exitCode = 1;
  }
}

async function measure({ quick, only, older, json }) {
  // Loads the addon.
  const { measureAll } = await import('./all.mjs');
  const result = await measureAll({ quick, only, older, progress: (text) => say(`· ${text}`) });
  const { report } = await import('./report/index.mjs');
  process.stdout.write(`${json ? JSON.stringify(result) : report(result)}\n`);
}

function requireBuild(older) {
  const built = addonOf();
  if (!built) throw new Unusable('The addon is not built. Run: npm run build');
  if (built.debug) say(debugWarning);
  if (older?.addon.debug) {
    say(`!!! --against: the addon of ${older.path} is a debug build, which is slow. !!!`);
  }
  if (builtFromSources(root) === false) {
    say(
      '!!! The addon was built from other sources than those of this checkout: npm run build !!!',
    );
  }
}
