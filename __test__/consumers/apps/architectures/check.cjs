// Every published binary for Linux is there, whatever this machine is.
const assert = require('node:assert/strict');
const { readdirSync } = require('node:fs');

// pnpm writes a plus where a scope's name ends.
const packages = readdirSync('node_modules/.pnpm').map((name) =>
  name.replace(/@[^@]*$/, '').replace('+', '/'),
);
const wanted = process.env.PUBLISHED.split(',').filter((name) => name.includes('-linux-'));
assert.deepEqual(
  wanted.filter((name) => !packages.includes(name)),
  [],
);
require('tokenkeep/gmail');
