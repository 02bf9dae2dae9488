const { pathToFileURL } = require('node:url');
const { job } = require('../index.cjs');

import(pathToFileURL(process.argv[2]).href).then(({ gmail }) => job(gmail));
