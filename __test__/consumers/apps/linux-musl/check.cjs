const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');

const [command, ...args] = JSON.parse(process.env.JOB_NODE);
// The loader asks the file system which C library there is: this machine's is glibc.
const library = require.resolve('@tokenkeep/native-linux-x64-musl');
const { stdout, stderr } = spawnSync(command, [...args, 'job/sealed.cjs'], {
  encoding: 'utf8',
  env: { ...process.env, NAPI_RS_NATIVE_LIBRARY_PATH: library },
});
assert.match(stdout, /^done on x64/, stderr);
console.log(stdout.trim());
