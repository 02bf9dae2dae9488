// Prereleases are no reason not to install, where a peer that does not fit fails the installation.
const gmail = require('tokenkeep/gmail');
const { job } = require('./job/index.cjs');

job(gmail);
