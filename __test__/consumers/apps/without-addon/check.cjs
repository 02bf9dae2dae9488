// Where the addon cannot be: one error, which says what is missing and what to do.
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { existsSync } = require('node:fs');

const ENTRIES = ['', '/gmail', '/zoho', '/vault', '/calendar', '/integration', '/http'];

function load(entry, options = [], before = '') {
  const script = `${before}; import('tokenkeep${entry}').catch((error) => console.log(error.code, error.message))`;
  const { stdout } = spawnSync(process.execPath, [...options, '-e', script], { encoding: 'utf8' });
  return stdout;
}

assert.ok(!existsSync('node_modules/@tokenkeep'), 'optional dependencies are left out');
const platform = (name) => `Object.defineProperty(process, 'platform', { value: '${name}' })`;
for (const entry of ENTRIES) {
  assert.match(
    load(entry),
    /^ERR_TOKENKEEP_NATIVE_MISSING .*@tokenkeep\/native-linux-\w+-\w+.*optional/,
  );
  assert.match(load(entry, [], platform('sunos')), /^ERR_TOKENKEEP_NATIVE_MISSING .*sunos/);
  for (const condition of ['edge-light', 'workerd']) {
    const said = load(entry, [`--conditions=${condition}`]);
    assert.match(said, /^ERR_TOKENKEEP_NATIVE_MISSING .*needs Node.*edge runtime/, said);
  }
}

// What needs no addon works without.
assert.ok(require('tokenkeep/package.json').version);
