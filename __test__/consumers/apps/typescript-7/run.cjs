const { job } = require('./job/index.cjs');

import(process.argv[2]).then(({ gmail }) => job(gmail));
