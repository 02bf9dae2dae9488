const gmail = require('tokenkeep/gmail');
const { job } = require('./job/index.cjs');

// Nothing is closed: the process ends all the same.
job(gmail);
