const { close } = require('tokenkeep');
const gmail = require('tokenkeep/gmail');
const { job } = require('./job/index.cjs');

test('beside another file', () => job(gmail));
afterAll(() => close());
