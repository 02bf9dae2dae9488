// A server's bundle, with tokenkeep left where it is installed, and with all of it in one folder.
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { buildSync } = require('esbuild');

const common = { entryPoints: ['main.ts'], bundle: true, platform: 'node', logLevel: 'error' };

// Code of CommonJS asks for `require` in a bundle of ES modules.
const banner = {
  js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
};
buildSync({
  ...common,
  banner,
  format: 'esm',
  outfile: 'out/external.mjs',
  external: ['tokenkeep'],
});
const loader = { '.node': 'copy' };
buildSync({ ...common, format: 'esm', outfile: 'out/whole/main.mjs', loader, banner });
for (const file of ['out/external.mjs', 'out/whole/main.mjs']) {
  execFileSync(process.execPath, [file], { stdio: 'inherit' });
}

// A bundle for an edge runtime is built, and says the same when it is run.
const { outputFiles } = buildSync({
  stdin: { contents: "import { close } from 'tokenkeep'; close();", resolveDir: __dirname },
  bundle: true,
  write: false,
  format: 'iife',
  conditions: ['workerd', 'worker', 'browser'],
});
assert.throws(() => new Function(outputFiles[0].text)(), { code: 'ERR_TOKENKEEP_NATIVE_MISSING' });
