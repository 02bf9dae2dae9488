const { test } = require('node:test');
const gmail = require('tokenkeep/gmail');
const { job } = require('./job/index.cjs');

test('beside another', () => job(gmail));
