const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');

const [command, ...args] = JSON.parse(process.env.JOB_NODE);
const { stdout, stderr } = spawnSync(command, [...args, 'job/sealed.cjs'], { encoding: 'utf8' });
assert.match(stdout, /^done on arm64/, stderr);
console.log(stdout.trim());
